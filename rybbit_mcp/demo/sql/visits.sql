-- When who comes from where, and what they set out to do.

CREATE TEMP TABLE cohorts AS
SELECT * FROM (VALUES
    (1, 'shop', 1, 18850), (2, 'spring', 1, 640), (3, 'recent', 1, 24), (4, 'ada', 1, 45),
    (5, 'crawler', 1, 320), (6, 'long', 1, 1), (7, 'hostile', 1, 51),
    (8, 'docs', 2, 1460), (9, 'recent', 2, 8), (10, 'hostile', 2, 24),
    (11, 'silent', 1, 12)
) AS cohort(place, cohort, site_id, visit_count);

CREATE TEMP TABLE moments AS
SELECT getvariable('now_at')::TIMESTAMP AS now_at,
    date_trunc('day', getvariable('now_at')::TIMESTAMP) AS today,
    getvariable('now_at')::TIMESTAMP - INTERVAL 2 DAY AS released_at;

-- Weekends are quieter, and the shop grows by a half over the three months.
CREATE TEMP TABLE day_slots AS
SELECT row_number() OVER (ORDER BY days_ago, copy) - 1 AS slot, days_ago,
    count(*) OVER () AS slot_count
FROM (
    SELECT days_ago,
        [62, 100, 104, 102, 98, 90, 70][1 + dayofweek(today - to_days(days_ago::INTEGER))]
        * (270 - days_ago) // 1800 AS weight
    FROM moments, range(90) AS days(days_ago)
), range(weight) AS copies(copy);

CREATE TEMP TABLE hour_slots AS
SELECT row_number() OVER (ORDER BY hour, copy) - 1 AS slot, hour - 1 AS hour,
    count(*) OVER () AS slot_count
FROM (
    SELECT generate_subscripts(weights, 1) AS hour, unnest(weights) AS weight
    FROM (SELECT [5, 3, 2, 1, 1, 3, 8, 16, 22, 25, 26, 25, 23, 22, 24, 25, 24, 22, 21, 23, 25, 22,
        16, 9] AS weights)
), range(weight) AS copies(copy);

CREATE TEMP TABLE arrivals AS
WITH numbered AS (
    SELECT row_number() OVER (ORDER BY place, nth) AS visit_no, cohort, site_id, nth::INTEGER AS nth
    FROM cohorts, range(visit_count) AS n(nth)
),
assigned AS (
    SELECT *,
        CASE WHEN cohort = 'spring' THEN 20000 + nth
            WHEN cohort = 'ada' THEN CASE WHEN nth % 3 = 1 THEN 40001 ELSE 40000 END
            WHEN cohort = 'crawler' THEN 40002
            WHEN cohort = 'long' THEN 40003
            WHEN site_id = 2 THEN 30000 + pick_familiar(visit_no, 41, 900)
            WHEN happens(visit_no, 42, 45) THEN pick_familiar(visit_no, 41, 2600)
            ELSE pick(visit_no, 41, 11500) END AS visitor_no,
        CASE WHEN cohort = 'spring' THEN 'spring' WHEN site_id = 2 THEN 'docs' ELSE 'shop' END
            AS audience
    FROM numbered
),
slotted AS (
    SELECT assigned.*, source_sizes.slot_count, pick(visit_no, 43, source_sizes.slot_count) AS source_slot,
        pick(visit_no, 44, day_size.slot_count) AS day_slot,
        pick(visit_no, 46, hour_size.slot_count) AS hour_slot
    FROM assigned
    JOIN (SELECT audience, count(*) AS slot_count FROM source_slots GROUP BY audience)
        AS source_sizes USING (audience)
    CROSS JOIN (SELECT count(*) AS slot_count FROM day_slots) AS day_size
    CROSS JOIN (SELECT count(*) AS slot_count FROM hour_slots) AS hour_size
),
sourced AS (
    SELECT slotted.*,
        CASE WHEN cohort IN ('ada', 'crawler', 'long', 'hostile')
            THEN CASE site_id WHEN 1 THEN 1 ELSE 19 END ELSE source_slots.source_no END AS source_no,
        CASE WHEN cohort = 'spring' THEN pick(visit_no, 45, 14) ELSE day_slots.days_ago END AS days_ago,
        hour_slots.hour
    FROM slotted
    JOIN source_slots ON source_slots.audience = slotted.audience
        AND source_slots.slot = source_slot
    JOIN day_slots ON day_slots.slot = day_slot
    JOIN hour_slots ON hour_slots.slot = hour_slot
),
planned AS (
    SELECT sourced.*,
        CASE cohort
        WHEN 'recent' THEN now_at - to_seconds(
            CASE nth WHEN 0 THEN 9 ELSE nth * 310 + pick(visit_no, 47, 240) END)
        WHEN 'ada' THEN CASE nth WHEN 0 THEN now_at - INTERVAL 5 HOUR
            WHEN 1 THEN now_at - INTERVAL 26 HOUR
            ELSE now_at - to_hours(nth * 48 + pick(visit_no, 47, 10)) END
        WHEN 'crawler' THEN today - to_days(1 + nth // 11)
            + to_seconds(7200 + pick(visit_no, 47, 10800))
        WHEN 'long' THEN today - INTERVAL 3 DAY + INTERVAL 187 MINUTE
        WHEN 'hostile' THEN now_at - to_minutes(35 + nth * 310)
        ELSE today - to_days(days_ago::INTEGER) + to_hours(hour::INTEGER)
            + to_seconds(pick(visit_no, 47, 3600)) - to_minutes(offset_minutes) END AS planned_at,
        browser, is_identified, bounce_percent, home_percent, post_percent, now_at, released_at
    FROM sourced
    JOIN visitors USING (visitor_no)
    JOIN places USING (place_no)
    JOIN devices USING (device_no)
    JOIN sources USING (source_no)
    CROSS JOIN moments
)
SELECT * EXCLUDE (planned_at),
    -- the same weekday, so that the rhythm of the week stays; spread, so that no day stands out
    CASE WHEN planned_at >= now_at AND cohort = 'spring' THEN planned_at - INTERVAL 7 DAY
        WHEN planned_at >= now_at THEN planned_at - to_days(7 * (1 + pick(visit_no, 48, 12)))
        WHEN planned_at < now_at - INTERVAL 90 DAY THEN planned_at + INTERVAL 7 DAY
        ELSE planned_at END AS started_at
FROM planned;

CREATE TEMP TABLE visits AS
WITH intended AS (
    SELECT *, pick(visit_no, 51, 100) AS intent, pick(visit_no, 52, 100) AS doorway,
        happens(visit_no, 53, bounce_percent) AS bounces
    FROM arrivals
),
planned AS (
    SELECT *,
        CASE
        WHEN cohort = 'long' THEN 'long'
        WHEN cohort = 'hostile' THEN 'sample'
        WHEN cohort = 'silent' THEN 'silent'
        WHEN cohort = 'crawler' THEN 'ping'
        WHEN cohort = 'ada' THEN CASE WHEN nth IN (0, 1, 6, 12, 20, 27, 36) THEN 'buy'
            WHEN nth % 4 = 0 THEN 'account' WHEN nth % 4 = 2 THEN 'read' ELSE 'browse' END
        WHEN bounces THEN 'bounce'
        WHEN site_id = 2 THEN CASE WHEN intent < 70 THEN 'docs' ELSE 'lookup' END
        WHEN is_identified AND intent < 30 THEN 'account'
        WHEN intent < 32 THEN 'browse' WHEN intent < 46 THEN 'read' WHEN intent < 57 THEN 'search'
        WHEN intent < 66 THEN 'cart' WHEN intent < 82 THEN 'buy' WHEN intent < 90 THEN 'abandon'
        WHEN intent < 95 THEN 'signup' ELSE 'price' END AS plan
    FROM intended
)
SELECT visit_no, cohort, site_id, nth, visitor_no, source_no, started_at,
    CASE WHEN plan IN ('buy', 'abandon') AND browser = 'Mobile Safari' AND started_at >= released_at
        THEN 'broken' ELSE plan END AS plan,
    CASE
    WHEN cohort = 'spring' THEN 'sale'
    WHEN plan = 'account' THEN 'home'
    WHEN plan = 'read' AND doorway < 80 THEN 'post'
    WHEN site_id = 2 THEN CASE WHEN doorway < home_percent THEN 'docshome' ELSE 'docs' END
    WHEN doorway < home_percent THEN 'home'
    WHEN doorway < home_percent + post_percent THEN 'post'
    ELSE 'product' END AS entry_page,
    CASE WHEN cohort = 'long' THEN 'LongVisit_0400' ELSE token('visit', visit_no, 14) END AS session_id,
    CASE WHEN site_id = 2 THEN '' WHEN started_at >= released_at THEN 'web-2.14'
        WHEN started_at >= released_at - INTERVAL 30 DAY THEN 'web-2.13' ELSE '' END AS tag
FROM planned;

CREATE TABLE replays AS
SELECT site_id::USMALLINT AS site_id, session_id
FROM visits
WHERE site_id = 1 AND happens(visit_no, 54, 4) AND plan NOT IN ('bounce', 'ping', 'silent');
