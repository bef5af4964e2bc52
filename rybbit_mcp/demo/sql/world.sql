-- Where visitors are, what they hold, where they come from. The weights are shares of visits.

CREATE TEMP TABLE places AS
SELECT row_number() OVER () AS place_no, * FROM (VALUES
    (90, 'US', 'US-NY', 'New York', 40.7130, -74.0060, 'America/New_York', 'en-US', -300),
    (12, 'US', 'US-NY', 'New York', 40.7145, -74.0048, 'America/New_York', 'en-US', -300),
    (70, 'US', 'US-CA', 'San Francisco', 37.7750, -122.4190, 'America/Los_Angeles', 'en-US', -480),
    (62, 'US', 'US-CA', 'Los Angeles', 34.0520, -118.2440, 'America/Los_Angeles', 'en-US', -480),
    (34, 'US', 'US-TX', 'Austin', 30.2670, -97.7430, 'America/Chicago', 'en-US', -360),
    (40, 'US', 'US-IL', 'Chicago', 41.8780, -87.6300, 'America/Chicago', 'en-US', -360),
    (28, 'US', 'US-WA', 'Seattle', 47.6060, -122.3320, 'America/Los_Angeles', 'en-US', -480),
    (22, 'US', 'US-CO', 'Denver', 39.7390, -104.9900, 'America/Denver', 'en-US', -420),
    (16, 'US', 'US-MA', 'Boston', 42.3600, -71.0590, 'America/New_York', 'en-US', -300),
    (88, 'DE', 'DE-BE', 'Berlin', 52.5200, 13.4050, 'Europe/Berlin', 'de-DE', 60),
    (14, 'DE', 'DE-BE', 'Berlin', 52.5173, 13.4019, 'Europe/Berlin', 'de-DE', 60),
    (46, 'DE', 'DE-BY', 'Munich', 48.1370, 11.5750, 'Europe/Berlin', 'de-DE', 60),
    (13, 'DE', 'DE-BY', 'München', 48.1374, 11.5755, 'Europe/Berlin', 'de-DE', 60),
    (38, 'DE', 'DE-HH', 'Hamburg', 53.5510, 9.9940, 'Europe/Berlin', 'de-DE', 60),
    (20, 'DE', 'DE-NW', 'Cologne', 50.9380, 6.9600, 'Europe/Berlin', 'de-DE', 60),
    (6, 'DE', 'DE-NW', 'Köln', 50.9384, 6.9597, 'Europe/Berlin', 'de-DE', 60),
    (54, 'GB', 'GB-ENG', 'London', 51.5070, -0.1280, 'Europe/London', 'en-GB', 0),
    (18, 'GB', 'GB-ENG', 'Manchester', 53.4810, -2.2420, 'Europe/London', 'en-GB', 0),
    (12, 'GB', 'GB-SCT', 'Edinburgh', 55.9530, -3.1880, 'Europe/London', 'en-GB', 0),
    (44, 'FR', 'FR-IDF', 'Paris', 48.8570, 2.3520, 'Europe/Paris', 'fr-FR', 60),
    (16, 'FR', 'FR-ARA', 'Lyon', 45.7640, 4.8360, 'Europe/Paris', 'fr-FR', 60),
    (26, 'NL', 'NL-NH', 'Amsterdam', 52.3680, 4.9040, 'Europe/Amsterdam', 'nl-NL', 60),
    (20, 'AT', 'AT-9', 'Vienna', 48.2080, 16.3740, 'Europe/Vienna', 'de-AT', 60),
    (18, 'CH', 'CH-ZH', 'Zurich', 47.3770, 8.5420, 'Europe/Zurich', 'de-CH', 60),
    (22, 'ES', 'ES-MD', 'Madrid', 40.4170, -3.7040, 'Europe/Madrid', 'es-ES', 60),
    (20, 'ES', 'ES-CT', 'Barcelona', 41.3870, 2.1700, 'Europe/Madrid', 'es-ES', 60),
    (24, 'IT', 'IT-25', 'Milan', 45.4640, 9.1900, 'Europe/Rome', 'it-IT', 60),
    (18, 'PL', 'PL-14', 'Warsaw', 52.2300, 21.0120, 'Europe/Warsaw', 'pl-PL', 60),
    (16, 'SE', 'SE-AB', 'Stockholm', 59.3290, 18.0690, 'Europe/Stockholm', 'sv-SE', 60),
    (12, 'DK', 'DK-84', 'Copenhagen', 55.6760, 12.5680, 'Europe/Copenhagen', 'da-DK', 60),
    (28, 'BR', 'BR-SP', 'São Paulo', -23.5500, -46.6330, 'America/Sao_Paulo', 'pt-BR', -180),
    (7, 'BR', 'BR-SP', 'Sao Paulo', -23.5505, -46.6333, 'America/Sao_Paulo', 'pt-BR', -180),
    (12, 'BR', 'BR-RJ', 'Rio de Janeiro', -22.9070, -43.1730, 'America/Sao_Paulo', 'pt-BR', -180),
    (30, 'CA', 'CA-ON', 'Toronto', 43.6530, -79.3830, 'America/Toronto', 'en-CA', -300),
    (14, 'CA', 'CA-QC', 'Montréal', 45.5020, -73.5670, 'America/Toronto', 'fr-CA', -300),
    (34, 'IN', 'IN-KA', 'Bengaluru', 12.9700, 77.5900, 'Asia/Kolkata', 'en-IN', 330),
    (18, 'IN', 'IN-MH', 'Mumbai', 19.0760, 72.8780, 'Asia/Kolkata', 'en-IN', 330),
    (32, 'JP', 'JP-13', '東京', 35.6800, 139.6900, 'Asia/Tokyo', 'ja-JP', 540),
    (10, 'JP', 'JP-27', '大阪', 34.6940, 135.5020, 'Asia/Tokyo', 'ja-JP', 540),
    (22, 'AU', 'AU-NSW', 'Sydney', -33.8690, 151.2090, 'Australia/Sydney', 'en-AU', 600),
    (12, 'AU', 'AU-VIC', 'Melbourne', -37.8140, 144.9630, 'Australia/Melbourne', 'en-AU', 600),
    (12, 'SG', 'SG-01', 'Singapore', 1.2900, 103.8500, 'Asia/Singapore', 'en-SG', 480),
    (8, 'GH', 'GH-AA', 'Accra', 0.0000, -0.1900, 'Africa/Accra', 'en-GH', 0),
    (9, 'EG', 'EG-C', 'القاهرة', 30.0400, 31.2400, 'Africa/Cairo', 'ar-EG', 120),
    (10, 'MX', 'MX-CMX', 'Mexico City', 19.4330, -99.1330, 'America/Mexico_City', 'es-MX', -360),
    (9, 'DE', 'DE-BE', '', 51.3000, 9.4900, 'Europe/Berlin', 'de-DE', 60),
    (24, chr(0) || chr(0), '', '', 0.0000, 0.0000, '', 'en-US', -300)
) AS place(weight, country, region, city, lat, lon, timezone, language, offset_minutes);

CREATE TEMP TABLE devices AS
SELECT row_number() OVER () AS device_no, * FROM (VALUES
    (170, 'Desktop', 'Chrome', '142', 'Windows', '10', 1920, 1080),
    (60, 'Desktop', 'Chrome', '141', 'Windows', '10', 2560, 1440),
    (40, 'Desktop', 'Chrome', '130', 'Windows', '10', 1536, 864),
    (55, 'Desktop', 'Edge', '142', 'Windows', '10', 1920, 1080),
    (30, 'Desktop', 'Firefox', '145', 'Windows', '10', 1920, 1080),
    (60, 'Desktop', 'Chrome', '142', 'macOS', '10.15.7', 1440, 900),
    (62, 'Desktop', 'Safari', '18.6', 'macOS', '10.15.7', 1512, 982),
    (18, 'Desktop', 'Firefox', '145', 'macOS', '10.15', 1728, 1117),
    (22, 'Desktop', 'Firefox', '140', 'Linux', '', 1920, 1200),
    (14, 'Desktop', 'Chrome', '142', 'Linux', '', 2560, 1440),
    (8, 'Desktop', 'Opera', '122', 'Windows', '10', 1366, 768),
    (150, 'Mobile', 'Mobile Safari', '18.6', 'iOS', '18.6', 390, 844),
    (74, 'Mobile', 'Mobile Safari', '26.1', 'iOS', '26.1', 393, 852),
    (30, 'Mobile', 'Mobile Safari', '17.5', 'iOS', '17.5', 375, 667),
    (100, 'Mobile', 'Mobile Chrome', '142', 'Android', '15', 412, 915),
    (48, 'Mobile', 'Mobile Chrome', '141', 'Android', '14', 360, 800),
    (24, 'Mobile', 'Samsung Internet', '28.0', 'Android', '14', 384, 854),
    (9, 'Mobile', 'Mobile Firefox', '145.0', 'Android', '14', 412, 892),
    (22, 'Tablet', 'Mobile Safari', '18.6', 'iOS', '18.6', 820, 1180),
    (10, 'Tablet', 'Chrome', '142', 'Android', '14', 800, 1280),
    (4, 'Desktop', 'Chrome', '142', 'Chrome OS', '16371.65.0', 1366, 768)
) AS device(weight, device_type, browser, browser_version, operating_system,
            operating_system_version, screen_width, screen_height);

-- bounce_percent is what makes the channels differ; home, post and product are entry shares
CREATE TEMP TABLE sources AS
WITH listed AS (SELECT row_number() OVER () AS source_no, * FROM (VALUES
    ('shop', 300, 'Direct', '', '', '', '', '', '', 34, 70, 8),
    ('shop', 210, 'Organic Search', 'https://www.google.com/', '', '', '', '', '', 41, 30, 40),
    ('shop', 28, 'Organic Search', 'https://www.bing.com/', '', '', '', '', '', 43, 40, 30),
    ('shop', 26, 'Organic Search', 'https://duckduckgo.com/', '', '', '', '', '', 39, 30, 45),
    ('shop', 64, 'Paid Search', 'https://www.google.com/', 'google', 'cpc', 'brand', 'acme shop', 'headline-a', 29, 80, 0),
    ('shop', 52, 'Paid Search', 'https://www.google.com/', 'google', 'cpc', 'running-shoes', 'running shoes', 'headline-b', 44, 5, 0),
    ('shop', 34, 'Organic Social', 'https://www.instagram.com/', '', '', '', '', '', 53, 30, 20),
    ('shop', 24, 'Organic Social', 'https://t.co/', '', '', '', '', '', 56, 20, 60),
    ('shop', 14, 'Organic Social', 'https://www.linkedin.com/', '', '', '', '', '', 47, 40, 50),
    ('shop', 18, 'Organic Social', 'https://out.reddit.com/', '', '', '', '', '', 58, 15, 55),
    ('shop', 26, 'Referral', 'https://news.ycombinator.com/', '', '', '', '', '', 55, 15, 80),
    ('shop', 20, 'Referral', 'https://www.trailmagazine.example/best-shoes', '', '', '', '', '', 33, 10, 20),
    ('shop', 14, 'Referral', 'https://chatgpt.com/', 'chatgpt.com', '', '', '', '', 38, 25, 45),
    ('shop', 10, 'Referral', 'https://docs.example.com/', '', '', '', '', '', 25, 80, 5),
    ('shop', 44, 'Email', '', 'newsletter', 'email', 'weekly-digest', '', 'top-story', 26, 10, 55),
    ('shop', 24, 'Email', '', 'newsletter', 'email', 'welcome-series', '', 'step-2', 22, 45, 10),
    ('shop', 12, 'Affiliate', 'https://dealfinder.example/', 'dealfinder', 'affiliate', 'autumn-deals', '', '', 49, 10, 0),
    ('shop', 9, 'Display', 'https://ads.example.net/', 'adnetwork', 'display', 'retargeting', '', 'banner-300x250', 61, 20, 0),
    ('docs', 60, 'Direct', '', '', '', '', '', '', 35, 60, 40),
    ('docs', 70, 'Organic Search', 'https://www.google.com/', '', '', '', '', '', 46, 15, 85),
    ('docs', 16, 'Referral', 'https://github.com/', '', '', '', '', '', 30, 60, 40),
    ('docs', 12, 'Referral', 'https://shop.example.com/', '', '', '', '', '', 28, 70, 30),
    ('docs', 8, 'Referral', 'https://stackoverflow.com/', '', '', '', '', '', 52, 5, 95),
    ('spring', 1, 'Paid Social', 'https://l.facebook.com/', 'facebook', 'paid_social', 'spring-sale', '', 'carousel-1', 88, 0, 0),
    ('spring', 1, 'Paid Social', 'https://m.facebook.com/', 'facebook', 'paid_social', 'spring-sale', '', 'video-15s', 88, 0, 0)
) AS source(audience, weight, channel, referrer, utm_source, utm_medium, utm_campaign, utm_term,
            utm_content, bounce_percent, home_percent, post_percent)),
tagged AS (
    SELECT source_no, unnest(['utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content']) AS name,
        unnest([utm_source, utm_medium, utm_campaign, utm_term, utm_content]) AS text,
        unnest([1, 2, 3, 4, 5]) AS place
    FROM listed
),
joined AS (
    SELECT source_no,
        '?' || string_agg(name || '=' || replace(text, ' ', '+'), '&' ORDER BY place) AS querystring,
        map_from_entries(list((name, text) ORDER BY place)) AS url_parameters
    FROM tagged WHERE text <> '' GROUP BY source_no
)
SELECT source_no, audience, weight, channel, referrer, bounce_percent, home_percent, post_percent,
    coalesce(querystring, '') AS landing_querystring,
    coalesce(url_parameters, MAP {}) AS landing_parameters
FROM listed LEFT JOIN joined USING (source_no);

-- A slot per unit of weight turns a weighted choice into an equality join.
CREATE TEMP TABLE place_slots AS
SELECT row_number() OVER (ORDER BY place_no, copy) - 1 AS slot, place_no
FROM places, range(weight) AS copies(copy);

CREATE TEMP TABLE device_slots AS
SELECT row_number() OVER (ORDER BY device_no, copy) - 1 AS slot, device_no
FROM devices, range(weight) AS copies(copy);

CREATE TEMP TABLE source_slots AS
SELECT audience, row_number() OVER (PARTITION BY audience ORDER BY source_no, copy) - 1 AS slot,
    count(*) OVER (PARTITION BY audience) AS slot_count, source_no
FROM sources, range(weight) AS copies(copy);
