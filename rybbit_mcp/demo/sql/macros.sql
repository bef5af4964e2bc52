-- Draws are arithmetic on the row's own number, never random(): the same seed gives the
-- same rows on every machine, in any order, on any number of threads.

-- 24 bits for row n and purpose salt. Each round names its input once: a macro's argument is
-- written out wherever it stands, and long expressions take long to plan.
CREATE MACRO draw(n, salt) AS
    (xor((xor((xor(
        (n::UBIGINT * 2654435761 + salt::UBIGINT * 668265263 + getvariable('seed')::UBIGINT)
            & 4294967295,
        2780217911) * 3266489917) % 4294967291,
        1540483477) * 2246822519) % 4294967279,
        3432918353) * 2869860233) % 4294967231 >> 8;

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
