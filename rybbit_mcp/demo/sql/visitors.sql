-- Who visits: one row a device, with its place; some have told the site who they are.

CREATE TEMP TABLE visitors AS
WITH numbers AS (
    SELECT 'shop' AS pool, number AS visitor_no FROM range(0, 11500) AS n(number)
    UNION ALL SELECT 'spring', number FROM range(20000, 20640) AS n(number)
    UNION ALL SELECT 'docs', number FROM range(30000, 30900) AS n(number)
    UNION ALL SELECT 'ada', number FROM range(40000, 40002) AS n(number)
    UNION ALL SELECT 'crawler', 40002
    UNION ALL SELECT 'long', 40003
),
mobile AS (
    SELECT min(slot) AS first_slot, count(*) AS slot_count
    FROM device_slots JOIN devices USING (device_no) WHERE device_type = 'Mobile'
),
drawn AS (
    SELECT pool, visitor_no,
        CASE pool WHEN 'ada' THEN 10 WHEN 'crawler' THEN 47 WHEN 'long' THEN 10
            ELSE place_slots.place_no END AS place_no,
        CASE WHEN visitor_no = 40000 THEN 6 WHEN visitor_no = 40001 THEN 12
            WHEN pool = 'crawler' THEN 10 WHEN pool = 'long' THEN 1
            ELSE device_slots.device_no END AS device_no,
        happens(visitor_no, 23, 3) AND pool IN ('shop', 'spring', 'docs') AS is_identified,
        pick(visitor_no, 24, 10) AS identity_kind
    FROM numbers, mobile, (SELECT count(*) AS size FROM place_slots) AS place_slot_count,
        (SELECT count(*) AS size FROM device_slots) AS device_slot_count,
        place_slots, device_slots
    WHERE place_slots.slot = pick(visitor_no, 21, place_slot_count.size)
        AND device_slots.slot = CASE
            WHEN pool = 'spring' AND NOT happens(visitor_no, 26, 15)
            THEN mobile.first_slot + pick(visitor_no, 22, mobile.slot_count)
            ELSE pick(visitor_no, 22, device_slot_count.size) END
),
named AS (
    SELECT *,
        ['mila', 'jonas', 'aiko', 'priya', 'lucas', 'emma', 'noah', 'sofia', 'liam', 'chloe',
         'hugo', 'ines', 'oskar', 'freya', 'kofi', 'yara'][1 + pick(visitor_no, 27, 16)] AS first_name,
        ['novak', 'weber', 'tanaka', 'sharma', 'silva', 'jones', 'berg', 'rossi', 'dubois', 'mensah',
         'hansen', 'kowalska', 'garcia', 'smith', 'keller', 'haddad'][1 + pick(visitor_no, 28, 16)] AS last_name
    FROM drawn
)
SELECT visitor_no, pool, token('device', visitor_no, 12) AS user_id, place_no, device_no,
    CASE WHEN pool = 'ada' THEN 'ada@example.com' WHEN NOT is_identified THEN ''
        WHEN identity_kind < 6 THEN
            first_name || '.' || last_name || visitor_no % 1000 || '@example.'
            || ['com', 'net', 'org'][1 + pick(visitor_no, 29, 3)]
        WHEN identity_kind < 9 THEN (10000 + visitor_no)::VARCHAR
        ELSE 'user-' || lpad(visitor_no::VARCHAR, 5, '0') END AS identified_user_id,
    CASE WHEN happens(visitor_no, 30, 4) THEN '203.0.113.' || 1 + pick(visitor_no, 31, 254)
        WHEN happens(visitor_no, 32, 2) THEN '2001:db8::' || 1 + pick(visitor_no, 31, 9000)
        END AS ip,
    upper(first_name[1]) || first_name[2:] || ' ' || upper(last_name[1]) || last_name[2:] AS full_name,
    is_identified
FROM named;

-- Keys of traits stand in the order of a Postgres jsonb: by length, then by alphabet.
CREATE TABLE profiles AS
SELECT 1::USMALLINT AS site_id, 'ada@example.com' AS user_id,
    '{"name":"Ada Lovelace","plan":"pro","email":"ada@example.com"}' AS traits
UNION ALL
SELECT CASE pool WHEN 'docs' THEN 2 ELSE 1 END, identified_user_id,
    CASE WHEN happens(visitor_no, 35, 20) THEN '{}'
        WHEN identified_user_id LIKE '%@%' THEN
            '{"name":"' || full_name || '","plan":"'
            || ['free', 'plus', 'pro'][1 + pick(visitor_no, 36, 3)]
            || '","email":"' || identified_user_id || '"}'
        ELSE '{"vip":' || (visitor_no % 3 = 0)::VARCHAR || ',"plan":"'
            || ['free', 'plus', 'pro'][1 + pick(visitor_no, 36, 3)] || '"}' END
FROM visitors
WHERE is_identified AND NOT happens(visitor_no, 34, 30);
