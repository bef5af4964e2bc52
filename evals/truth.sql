-- What the truths of the questions are computed from: the demo's own events, nothing else.
-- Rybbit builds a visit from the events inside the window asked for, so `visits` takes a window.

CREATE MACRO since() AS TIMESTAMP '2000-01-01';
CREATE MACRO present() AS TIMESTAMP '2026-11-24 13:05';

-- Percents with one decimal, seconds with their unit: how facts are written.
CREATE MACRO percent(part, whole) AS printf('%.1f%%', 100.0 * part / whole);
CREATE MACRO seconds(value) AS printf('%ds', round(value)::BIGINT);
CREATE MACRO clock(moment) AS strftime(moment, '%H:%M');
CREATE MACRO local(moment, zone) AS timezone(zone, timezone('UTC', moment));
CREATE MACRO midnight(day, zone) AS timezone('UTC', timezone(zone, day::TIMESTAMP));
CREATE MACRO prop(props, name) AS json_extract_string(props, '$."' || name || '"');
CREATE MACRO amount(props, name) AS try_cast(json_extract_string(props, '$."' || name || '"') AS DOUBLE);
CREATE MACRO change(now_value, before) AS printf('%+d', (now_value - before)::BIGINT);
CREATE MACRO points(now_share, before) AS printf('%+dpp', round(100 * (now_share - before))::BIGINT);

CREATE MACRO window_events(site, from_at, until_at) AS TABLE
SELECT * FROM events
WHERE site_id = site AND timestamp >= from_at::TIMESTAMP AND timestamp < until_at::TIMESTAMP;

CREATE MACRO visits(site, from_at, until_at) AS TABLE
SELECT session_id,
    arg_max(user_id, event_no) AS device_id,
    arg_max(identified_user_id, event_no) AS identified,
    CASE WHEN arg_max(identified_user_id, event_no) <> ''
        THEN 'person ' || arg_max(identified_user_id, event_no)
        ELSE 'device ' || arg_max(user_id, event_no) END AS visitor,
    min(timestamp) AS started_at,
    max(timestamp) AS ended_at,
    date_diff('second', min(timestamp), max(timestamp)) AS duration_s,
    count(*) FILTER (type = 'pageview') AS pageviews,
    count(*) FILTER (type = 'pageview') = 1 AS is_bounce,
    count(*) FILTER (type = 'error') AS errors,
    coalesce(list(DISTINCT pathname) FILTER (type = 'pageview'), []) AS pages,
    coalesce(list(DISTINCT event_name) FILTER (type = 'custom_event'), []) AS did,
    coalesce(list(DISTINCT prop(props, 'message')) FILTER (type = 'error'), []) AS messages,
    coalesce(arg_min(pathname, event_no) FILTER (type = 'pageview'), '') AS entry_page,
    coalesce(arg_max(pathname, event_no) FILTER (type = 'pageview'), '') AS exit_page,
    arg_min(channel, event_no) AS channel,
    regexp_extract(coalesce(arg_min(referrer, event_no) FILTER (referrer <> ''), ''),
        '^https?://(?:www\.)?([^/]+)', 1) AS referrer,
    coalesce(arg_min(url_parameters['utm_campaign'], event_no), '') AS campaign,
    coalesce(arg_min(url_parameters['utm_content'], event_no), '') AS content,
    arg_max(country, event_no) AS country,
    arg_max(city, event_no) AS city,
    arg_max(device_type, event_no) AS device_type,
    arg_max(browser, event_no) AS browser,
    arg_max(operating_system, event_no) AS operating_system,
    arg_max(language, event_no) AS language,
    arg_max(tag, event_no) AS tag
FROM window_events(site, from_at, until_at)
GROUP BY session_id;

-- The windows that questions ask for most.
CREATE MACRO today(site) AS TABLE FROM visits(site, '2026-11-24', present());
CREATE MACRO two_days(site) AS TABLE FROM visits(site, present() - INTERVAL 2 DAY, present());
CREATE MACRO week(site) AS TABLE FROM visits(site, '2026-11-18', '2026-11-25');
CREATE MACRO fortnight(site) AS TABLE FROM visits(site, '2026-11-11', '2026-11-25');
CREATE MACRO month(site) AS TABLE FROM visits(site, '2026-10-26', '2026-11-25');
CREATE MACRO ever(site) AS TABLE FROM visits(site, since(), '2026-11-25');
CREATE MACRO week_events(site) AS TABLE FROM window_events(site, '2026-11-18', '2026-11-25');
CREATE MACRO month_events(site) AS TABLE FROM window_events(site, '2026-10-26', '2026-11-25');
