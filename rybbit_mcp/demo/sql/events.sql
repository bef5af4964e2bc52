-- Every event of every visit, with the columns of Rybbit's own events table.

CREATE TEMP TABLE stream AS
WITH taken AS (
    SELECT visit_no, started_at, step, type, event_name, slot,
        CASE page WHEN 'entry' THEN entry_page ELSE page END AS page,
        visit_no * 1000 + step AS event_no,
        CASE WHEN step = 1 THEN 0 ELSE pause_from + pick_low(
            visit_no * 1000 + step, 62, pause_to - pause_from + 1)
            * CASE WHEN pause_to > 20 AND plan <> 'long' THEN 1 + pick_low(visit_no, 60, 5) ELSE 1 END
            END AS pause_s,
        cohort = 'hostile' AS is_hostile
    FROM visits
    JOIN steps USING (plan)
    WHERE happens(visit_no * 1000 + step, 61, chance)
)
SELECT event_no, visit_no, is_hostile, step, type, event_name, page, slot,
    started_at + to_seconds(sum(pause_s) OVER (PARTITION BY visit_no ORDER BY step)) AS timestamp
FROM taken;

CREATE TABLE events (
    event_no BIGINT,
    site_id USMALLINT,
    timestamp TIMESTAMP,
    session_id VARCHAR,
    user_id VARCHAR,
    identified_user_id VARCHAR,
    hostname VARCHAR,
    pathname VARCHAR,
    querystring VARCHAR,
    url_parameters MAP(VARCHAR, VARCHAR),
    page_title VARCHAR,
    referrer VARCHAR,
    channel VARCHAR,
    browser VARCHAR,
    browser_version VARCHAR,
    operating_system VARCHAR,
    operating_system_version VARCHAR,
    language VARCHAR,
    country VARCHAR,
    region VARCHAR,
    city VARCHAR,
    lat DOUBLE,
    lon DOUBLE,
    screen_width USMALLINT,
    screen_height USMALLINT,
    device_type VARCHAR,
    type VARCHAR,
    event_name VARCHAR,
    props JSON,
    lcp DOUBLE,
    cls DOUBLE,
    inp DOUBLE,
    fcp DOUBLE,
    ttfb DOUBLE,
    ip VARCHAR,
    timezone VARCHAR,
    tag VARCHAR,
    import_id VARCHAR,
    feature_flags MAP(VARCHAR, VARCHAR)
);

-- What all events of a visit share, once a visit.
CREATE TEMP TABLE visit_facts AS
SELECT visit_no, visits.nth, visits.site_id, visits.session_id, visits.tag,
    user_id, identified_user_id, ip, channel, referrer, landing_querystring,
    landing_parameters, places.* EXCLUDE (place_no),
    devices.* EXCLUDE (device_no), query, result_count
FROM visits
JOIN visitors USING (visitor_no)
JOIN places USING (place_no)
JOIN devices USING (device_no)
JOIN sources USING (source_no)
JOIN queries ON query_no = pick(visit_no, 65, 16);

CREATE TEMP MACRO written_events(wants_hostile) AS TABLE
WITH placed AS (
    SELECT stream.*, 1 + pick(visit_no * 1000 + slot, 67, 2) AS quantity,
        CASE WHEN page = 'product'
            THEN pick_low(visit_no * 1000 + slot, 63, page_sizes.size)
            ELSE pick(visit_no * 1000 + slot, 64, page_sizes.size) END AS page_no
    FROM stream
    JOIN (SELECT page, count(*) AS size FROM pages GROUP BY page) AS page_sizes USING (page)
    WHERE is_hostile = wants_hostile AND timestamp <= (SELECT now_at FROM moments)
)
SELECT nth, event_no, site_id, timestamp, session_id, user_id, identified_user_id,
    CASE site_id WHEN 1 THEN 'shop.example.com' ELSE 'docs.example.com' END AS hostname,
    pathname,
    CASE WHEN page IN ('search', 'docssearch') THEN '?q=' || replace(query, ' ', '+')
        WHEN step = 1 THEN landing_querystring ELSE '' END AS querystring,
    CASE WHEN page IN ('search', 'docssearch') THEN MAP {'q': query}
        WHEN step = 1 THEN landing_parameters ELSE MAP {} END AS url_parameters,
    page_title,
    CASE WHEN step = 1 THEN referrer
        WHEN page = 'thanks' AND happens(visit_no, 66, 12) THEN 'https://pay.example.net/'
        ELSE '' END AS referrer,
    channel, browser, browser_version, operating_system, operating_system_version, language,
    country, region, city, lat, lon, screen_width, screen_height, device_type, type,
    CASE WHEN type = 'custom_event' THEN event_name WHEN type = 'error' THEN 'TypeError' ELSE '' END
        AS event_name,
    CASE type
    WHEN 'pageview' THEN '{}'
    WHEN 'performance' THEN '{}'
    WHEN 'custom_event' THEN CASE event_name
        WHEN 'add_to_cart' THEN '{"price":' || price || ',"quantity":' || quantity
            || ',"sku":"AC-' || lpad(product_no::VARCHAR, 4, '0') || '"}'
        WHEN 'purchase' THEN '{"currency":"EUR","order_id":"A-' || 100000 + visit_no
            || '","value":'
            || CASE quantity WHEN 1 THEN price ELSE double_price END || '}'
        WHEN 'search' THEN '{"query":"' || query || '","results":' || result_count || '}'
        WHEN 'signup' THEN '{"plan":"'
            || ['free', 'free', 'plus', 'pro'][1 + pick(event_no, 68, 4)] || '"}'
        ELSE '{"list":"weekly","source":"blog"}' END
    WHEN 'error' THEN CASE event_name
        WHEN 'payment' THEN '{"columnNumber":48211,"fileName":"https://shop.example.com/assets/'
            || 'checkout-2.14.0.js","lineNumber":1,"message":"undefined is not an '
            || 'object (evaluating ''payment.request'')","stack":"startPayment@https://'
            || 'shop.example.com/assets/checkout-2.14.0.js:1:48211\nonPay@https://'
            || 'shop.example.com/assets/checkout-2.14.0.js:1:47903"}'
        ELSE '{"columnNumber":1904,"fileName":"https://shop.example.com/assets/gallery-1.8.2.js",'
            || '"lineNumber":3,"message":"Cannot read properties of null (reading ''zoom'')",'
            || '"stack":"TypeError: Cannot read properties of null (reading ''zoom'')\n    at '
            || 'open (https://shop.example.com/assets/gallery-1.8.2.js:3:1904)"}' END
    WHEN 'outbound' THEN CASE site_id
        WHEN 1 THEN '{"target":"_blank","text":"Partner offers","url":"https://partner.example/out?from='
            || page || '"}'
        ELSE '{"target":"_self","text":"Open the shop","url":"https://shop.example.com/"}' END
    WHEN 'button_click' THEN '{"text":"' || event_name || '"}'
    WHEN 'copy' THEN CASE site_id
        WHEN 1 THEN '{"sourceElement":"p","text":"' || replace(page_title, '"', '') || '"}'
        ELSE '{"sourceElement":"code","text":"pip install acme-sdk"}' END
    WHEN 'form_submit' THEN '{"fieldCount":3,"formAction":"' || pathname || '","formId":"'
        || event_name || '","formName":"","method":"post"}'
    ELSE '{"element":"input","formId":"","inputName":"' || event_name || '","inputType":"'
        || CASE event_name WHEN 'email' THEN 'email' ELSE 'text' END || '"}' END AS props,
    CASE type WHEN 'performance' THEN 900 + pick_low(event_no, 71, 4200) END AS lcp,
    CASE type WHEN 'performance' THEN pick_low(event_no, 72, 300) / 1000 END AS cls,
    CASE type WHEN 'performance' THEN 40 + pick_low(event_no, 73, 460) END AS inp,
    CASE type WHEN 'performance' THEN 500 + pick_low(event_no, 74, 2400) END AS fcp,
    CASE type WHEN 'performance' THEN 60 + pick_low(event_no, 75, 900) END AS ttfb,
    ip,
    CASE WHEN happens(visit_no, 69, 3) THEN '' ELSE timezone END AS timezone,
    tag, NULL AS import_id, MAP {} AS feature_flags
FROM placed
JOIN pages USING (page, page_no)
JOIN visit_facts USING (visit_no)
JOIN (
    SELECT product_no, price_cents // 100 || '.' || lpad((price_cents % 100)::VARCHAR, 2, '0') AS price,
        price_cents // 50 || '.' || lpad((price_cents * 2 % 100)::VARCHAR, 2, '0') AS double_price
    FROM products
) AS prices ON prices.product_no = 1 + CASE page WHEN 'product' THEN page_no
    ELSE pick_low(visit_no * 1000 + slot, 63, 40) END;

INSERT INTO events SELECT * EXCLUDE (nth) FROM written_events(false);
