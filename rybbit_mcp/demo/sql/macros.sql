-- Draws are arithmetic on the row's own number, never random(): the same seed gives the
-- same rows on every machine, in any order, on any number of threads.

CREATE MACRO scramble_first(x) AS (xor(x, x >> 16) * 2246822507) & 4294967295;
CREATE MACRO scramble_second(x) AS (xor(x, x >> 13) * 3266489909) & 4294967295;

-- 24 bits for row n and purpose salt
CREATE MACRO draw(n, salt) AS
    scramble_second(scramble_first(
        (n::UBIGINT * 2654435761 + salt::UBIGINT * 668265263 + getvariable('seed')::UBIGINT)
        & 4294967295)) >> 8;

-- in [0, 1)
CREATE MACRO unit(n, salt) AS draw(n, salt)::DOUBLE / 16777216::DOUBLE;

-- one of 0 .. size - 1
CREATE MACRO pick(n, salt, size) AS ((draw(n, salt) * size::UBIGINT) >> 24)::INTEGER;

-- one of 0 .. size - 1, the low ones more often
CREATE MACRO pick_low(n, salt, size) AS
    floor(unit(n, salt) * unit(n, salt) * size::DOUBLE)::INTEGER;

-- one of 0 .. size - 1, the low ones a little more often
CREATE MACRO pick_familiar(n, salt, size) AS
    floor((unit(n, salt) * unit(n, salt) + unit(n, salt)) / 2 * size::DOUBLE)::INTEGER;

CREATE MACRO happens(n, salt, percent) AS draw(n, salt) * 100 < percent::UBIGINT * 16777216;

-- url-safe text the way Rybbit writes device and visit ids
CREATE MACRO token(kind, n, size) AS
    translate(left(to_base64(from_hex(md5(
        kind || ':' || n || ':' || getvariable('seed')))), size), '+/', '-_');
