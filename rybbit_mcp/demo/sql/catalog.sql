-- The pages of both sites and what people do on them, step by step.

CREATE TEMP TABLE products AS
SELECT row_number() OVER () AS product_no, * FROM (VALUES
    ('Trail Runner', 8990), ('Trail Runner Pro', 12990), ('Road Racer', 9990),
    ('City Sneaker', 7490), ('Hiking Boot', 15990), ('Summit Jacket', 18990),
    ('Rain Shell', 11990), ('Merino Tee', 4990), ('Merino Socks', 1690),
    ('Running Cap', 2490), ('Headlamp 400', 5990), ('Headlamp 900', 9490),
    ('Trekking Poles', 8490), ('Daypack 20 L', 6990), ('Backpack 45 L', 17990),
    ('Tent Solo', 24990), ('Tent Duo', 32990), ('Sleeping Mat', 7990),
    ('Sleeping Bag −5 °C', 19990), ('Camp Stove', 6490), ('Titanium Mug', 2990),
    ('Water Filter', 4490), ('Bottle 1 L', 1990), ('Climbing Harness', 6990),
    ('Chalk Bag', 1890), ('Rope 60 m', 14990), ('Yoga Mat', 3990),
    ('Foam Roller', 2790), ('Kettlebell 12 kg', 4690), ('Jump Rope', 1590),
    ('Cycling Bib', 8990), ('Bike Light', 3490), ('Helmet', 9990), ('Gloves', 3290),
    ('Ski Goggles', 8990), ('Base Layer', 5490), ('Wool Beanie', 2690),
    ('Travel Towel', 1790), ('First Aid Kit', 3190), ('Gift Card', 5000)
) AS product(product_name, price_cents);

CREATE TEMP TABLE titles AS
SELECT * FROM (VALUES
    ('post', '/blog/how-to-choose-running-shoes', 'How to choose running shoes'),
    ('post', '/blog/layering-for-winter', 'Layering for winter, explained'),
    ('post', '/blog/first-marathon-plan', 'A plan for your first marathon'),
    ('post', '/blog/tent-care', 'Tent care: ten years from one tent'),
    ('post', '/blog/packing-list-hut-to-hut', 'Packing list: hut to hut'),
    ('post', '/blog/lightest-stoves-compared', 'The lightest stoves, compared'),
    ('post', '/blog/trail-etiquette', 'Trail etiquette in one page'),
    ('post', '/blog/größentabelle-schuhe', 'Größentabelle für Schuhe'),
    ('post', '/blog/repair-dont-replace', 'Repair, don''t replace'),
    ('post', '/blog/spring-sale-faq', 'Spring sale: questions and answers'),
    ('post', '/blog/launch-🚀', 'Launch day 🚀🎉'),
    ('post', '/blog/why-we-left-black-friday', 'Why we left Black Friday'),
    ('docs', '/docs/start', 'Getting started'),
    ('docs', '/docs/install', 'Installation'),
    ('docs', '/docs/quickstart', 'Quickstart'),
    ('docs', '/docs/authentication', 'Authentication'),
    ('docs', '/docs/orders/create', 'Create an order'),
    ('docs', '/docs/orders/list', 'List orders'),
    ('docs', '/docs/webhooks', 'Webhooks'),
    ('docs', '/docs/errors', 'Errors and how to handle them'),
    ('docs', '/docs/rate-limits', 'Rate limits'),
    ('docs', '/docs/pagination', 'Pagination'),
    ('docs', '/docs/sdk/python', 'Python SDK'),
    ('docs', '/docs/sdk/javascript', 'JavaScript SDK'),
    ('docs', '/docs/changelog', 'Changelog'),
    ('docs', '/docs/migrate-v1-v2', 'Migrating from v1 to v2'),
    ('home', '/', 'Acme Shop – gear for the long way'),
    ('pricing', '/pricing', 'Pricing and membership'),
    ('shoes', '/category/shoes', 'Shoes'),
    ('outdoor', '/category/outdoor', 'Outdoor'),
    ('search', '/search', 'Search'),
    ('cart', '/cart', 'Your cart'),
    ('checkout', '/checkout', 'Checkout'),
    ('thanks', '/checkout/thanks', 'Thank you for your order'),
    ('signup', '/signup', 'Create your account'),
    ('welcome', '/welcome', 'Welcome to Acme'),
    ('account', '/account', 'Your account'),
    ('orders', '/account/orders', 'Your orders'),
    ('about', '/about', 'About us'),
    ('contact', '/contact', 'Contact'),
    ('sale', '/sale/spring', 'Spring sale'),
    ('docshome', '/', 'Acme Docs'),
    ('docssearch', '/search', 'Search the docs')
) AS title(page, pathname, page_title);

CREATE TEMP TABLE pages AS
SELECT page, row_number() OVER (PARTITION BY page ORDER BY pathname) - 1 AS page_no, pathname,
    CASE page WHEN 'home' THEN page_title WHEN 'docs' THEN page_title || ' | Acme Docs'
        WHEN 'docshome' THEN page_title WHEN 'docssearch' THEN page_title
        ELSE page_title || ' – Acme Shop' END AS page_title
FROM titles
UNION ALL
SELECT 'product', product_no - 1, '/product/' || product_no, product_name || ' – Acme Shop'
FROM products;

CREATE TEMP TABLE queries AS
SELECT row_number() OVER () - 1 AS query_no, * FROM (VALUES
    ('running shoes', 38), ('trail shoes wide', 6), ('tent 2 person', 4), ('gift card', 1),
    ('rain jacket', 17), ('größe 47', 0), ('headlamp', 8), ('returns', 0), ('merino', 12),
    ('helmet kids', 0), ('stove gas', 3), ('sleeping bag', 9), ('discount code', 0),
    ('backpack 45l', 2), ('socks', 11), ('登山靴', 0)
) AS query(query, result_count);

-- A visit follows one plan. chance: percent of visits that take the step. page 'entry' is the
-- page the visit came in on; slot tells apart the products or posts of one visit. Pauses are
-- in seconds before the step.
CREATE TEMP TABLE steps AS
SELECT plan, row_number() OVER (PARTITION BY plan ORDER BY place) AS step, chance, type, page,
    slot, event_name, pause_from, pause_to
FROM (
    SELECT plan, row_number() OVER () AS place, copies, chance, type, page, slot, event_name,
        pause_from, pause_to
    FROM (VALUES
    ('bounce', 1, 100, 'pageview', 'entry', 0, '', 0, 0),
    ('bounce', 1, 22, 'performance', 'entry', 0, '', 1, 4),
    ('bounce', 1, 5, 'outbound', 'entry', 0, '', 8, 90),
    ('bounce', 1, 3, 'copy', 'entry', 0, '', 10, 120),
    ('ping', 1, 100, 'pageview', 'product', 0, '', 0, 0),
    ('silent', 1, 100, 'custom_event', 'post', 0, 'newsletter', 0, 0),
    ('browse', 1, 100, 'pageview', 'entry', 0, '', 0, 0),
    ('browse', 1, 24, 'performance', 'entry', 0, '', 1, 4),
    ('browse', 1, 100, 'pageview', 'product', 1, '', 6, 60),
    ('browse', 1, 60, 'pageview', 'shoes', 0, '', 8, 70),
    ('browse', 1, 70, 'pageview', 'product', 2, '', 8, 90),
    ('browse', 1, 3, 'error', 'product', 2, 'TypeError', 1, 6),
    ('browse', 1, 40, 'pageview', 'product', 3, '', 10, 120),
    ('browse', 1, 14, 'custom_event', 'product', 3, 'add_to_cart', 8, 60),
    ('browse', 1, 22, 'pageview', 'outdoor', 0, '', 5, 50),
    ('browse', 1, 20, 'pageview', 'product', 4, '', 8, 200),
    ('browse', 1, 8, 'pageview', 'about', 0, '', 8, 60),
    ('read', 1, 100, 'pageview', 'entry', 0, '', 0, 0),
    ('read', 1, 100, 'pageview', 'post', 2, '', 20, 240),
    ('read', 1, 8, 'copy', 'post', 2, '', 15, 120),
    ('read', 1, 45, 'pageview', 'post', 3, '', 30, 300),
    ('read', 1, 18, 'outbound', 'post', 3, '', 30, 200),
    ('read', 1, 14, 'input_change', 'post', 3, 'email', 20, 90),
    ('read', 1, 10, 'form_submit', 'post', 3, 'newsletter', 2, 12),
    ('read', 1, 10, 'custom_event', 'post', 3, 'newsletter', 1, 2),
    ('read', 1, 18, 'pageview', 'product', 1, '', 15, 120),
    ('search', 1, 100, 'pageview', 'entry', 0, '', 0, 0),
    ('search', 1, 90, 'input_change', 'entry', 0, 'q', 3, 20),
    ('search', 1, 100, 'pageview', 'search', 0, '', 1, 6),
    ('search', 1, 100, 'custom_event', 'search', 0, 'search', 0, 1),
    ('search', 1, 64, 'pageview', 'product', 1, '', 5, 40),
    ('search', 1, 38, 'pageview', 'product', 2, '', 8, 60),
    ('search', 1, 16, 'custom_event', 'product', 2, 'add_to_cart', 5, 60),
    ('cart', 1, 100, 'pageview', 'entry', 0, '', 0, 0),
    ('cart', 1, 100, 'pageview', 'product', 1, '', 6, 70),
    ('cart', 1, 100, 'custom_event', 'product', 1, 'add_to_cart', 10, 90),
    ('cart', 1, 40, 'pageview', 'product', 2, '', 8, 90),
    ('cart', 1, 100, 'pageview', 'cart', 0, '', 3, 30),
    ('cart', 1, 30, 'pageview', 'contact', 0, '', 10, 80),
    ('buy', 1, 100, 'pageview', 'entry', 0, '', 0, 0),
    ('buy', 1, 24, 'performance', 'entry', 0, '', 1, 4),
    ('buy', 1, 100, 'pageview', 'product', 1, '', 6, 70),
    ('buy', 1, 50, 'pageview', 'product', 2, '', 8, 90),
    ('buy', 1, 100, 'custom_event', 'product', 1, 'add_to_cart', 8, 60),
    ('buy', 1, 100, 'pageview', 'cart', 0, '', 3, 25),
    ('buy', 1, 100, 'button_click', 'cart', 0, 'Check out', 5, 40),
    ('buy', 1, 100, 'pageview', 'checkout', 0, '', 1, 3),
    ('buy', 1, 85, 'input_change', 'checkout', 0, 'email', 6, 25),
    ('buy', 1, 85, 'input_change', 'checkout', 0, 'address', 8, 40),
    ('buy', 1, 100, 'button_click', 'checkout', 0, 'Pay now', 8, 60),
    ('buy', 1, 100, 'form_submit', 'checkout', 0, 'checkout', 0, 2),
    ('buy', 1, 100, 'pageview', 'thanks', 0, '', 2, 9),
    ('buy', 1, 100, 'custom_event', 'thanks', 1, 'purchase', 0, 1),
    ('buy', 1, 20, 'pageview', 'orders', 0, '', 5, 60),
    ('abandon', 1, 100, 'pageview', 'entry', 0, '', 0, 0),
    ('abandon', 1, 100, 'pageview', 'product', 1, '', 6, 70),
    ('abandon', 1, 100, 'custom_event', 'product', 1, 'add_to_cart', 8, 60),
    ('abandon', 1, 100, 'pageview', 'cart', 0, '', 3, 25),
    ('abandon', 1, 100, 'pageview', 'checkout', 0, '', 3, 20),
    ('abandon', 1, 55, 'input_change', 'checkout', 0, 'email', 6, 50),
    ('abandon', 1, 40, 'pageview', 'cart', 0, '', 5, 60),
    ('broken', 1, 100, 'pageview', 'entry', 0, '', 0, 0),
    ('broken', 1, 100, 'pageview', 'product', 1, '', 6, 70),
    ('broken', 1, 100, 'custom_event', 'product', 1, 'add_to_cart', 8, 60),
    ('broken', 1, 100, 'pageview', 'cart', 0, '', 3, 25),
    ('broken', 1, 100, 'button_click', 'cart', 0, 'Check out', 5, 40),
    ('broken', 1, 100, 'pageview', 'checkout', 0, '', 1, 3),
    ('broken', 1, 85, 'input_change', 'checkout', 0, 'email', 6, 25),
    ('broken', 1, 85, 'input_change', 'checkout', 0, 'address', 8, 40),
    ('broken', 1, 100, 'button_click', 'checkout', 0, 'Pay now', 8, 60),
    ('broken', 1, 100, 'error', 'checkout', 0, 'payment', 0, 1),
    ('broken', 1, 100, 'button_click', 'checkout', 0, 'Pay now', 2, 6),
    ('broken', 1, 92, 'error', 'checkout', 0, 'payment', 0, 1),
    ('broken', 1, 80, 'button_click', 'checkout', 0, 'Pay now', 1, 4),
    ('broken', 1, 75, 'error', 'checkout', 0, 'payment', 0, 1),
    ('broken', 3, 55, 'button_click', 'checkout', 0, 'Pay now', 1, 3),
    ('broken', 2, 45, 'error', 'checkout', 0, 'payment', 0, 1),
    ('broken', 1, 20, 'input_change', 'checkout', 0, 'card', 10, 40),
    ('broken', 2, 30, 'button_click', 'checkout', 0, 'Pay now', 2, 9),
    ('broken', 1, 45, 'error', 'checkout', 0, 'payment', 0, 1),
    ('signup', 1, 100, 'pageview', 'entry', 0, '', 0, 0),
    ('signup', 1, 70, 'pageview', 'pricing', 0, '', 6, 60),
    ('signup', 1, 100, 'pageview', 'signup', 0, '', 8, 90),
    ('signup', 1, 90, 'input_change', 'signup', 0, 'email', 5, 20),
    ('signup', 1, 80, 'input_change', 'signup', 0, 'name', 3, 15),
    ('signup', 1, 100, 'form_submit', 'signup', 0, 'signup', 4, 30),
    ('signup', 1, 100, 'custom_event', 'signup', 0, 'signup', 1, 3),
    ('signup', 1, 85, 'pageview', 'welcome', 0, '', 0, 2),
    ('price', 1, 100, 'pageview', 'entry', 0, '', 0, 0),
    ('price', 1, 100, 'pageview', 'pricing', 0, '', 6, 90),
    ('price', 1, 30, 'pageview', 'about', 0, '', 10, 90),
    ('price', 1, 22, 'outbound', 'pricing', 0, '', 10, 90),
    ('account', 1, 100, 'pageview', 'home', 0, '', 0, 0),
    ('account', 1, 100, 'pageview', 'account', 0, '', 3, 20),
    ('account', 1, 80, 'pageview', 'orders', 0, '', 3, 30),
    ('account', 1, 40, 'pageview', 'product', 1, '', 10, 90),
    ('docs', 1, 100, 'pageview', 'entry', 0, '', 0, 0),
    ('docs', 1, 100, 'pageview', 'docs', 1, '', 15, 200),
    ('docs', 1, 60, 'pageview', 'docs', 2, '', 20, 300),
    ('docs', 1, 24, 'copy', 'docs', 2, '', 10, 90),
    ('docs', 1, 35, 'pageview', 'docs', 3, '', 20, 400),
    ('docs', 1, 12, 'outbound', 'docs', 3, '', 20, 120),
    ('lookup', 1, 100, 'pageview', 'entry', 0, '', 0, 0),
    ('lookup', 1, 100, 'pageview', 'docssearch', 0, '', 4, 30),
    ('lookup', 1, 100, 'custom_event', 'docssearch', 0, 'search', 0, 1),
    ('lookup', 1, 75, 'pageview', 'docs', 1, '', 4, 40),
    ('lookup', 1, 30, 'copy', 'docs', 1, '', 10, 90),
    ('sample', 1, 100, 'pageview', 'entry', 0, '', 0, 0),
    ('sample', 1, 100, 'pageview', 'product', 1, '', 8, 40),
    ('sample', 1, 100, 'custom_event', 'product', 1, 'add_to_cart', 4, 20),
    ('sample', 1, 100, 'outbound', 'product', 1, '', 5, 30),
    ('sample', 1, 100, 'error', 'product', 1, 'TypeError', 1, 4)
    ) AS step(plan, copies, chance, type, page, slot, event_name, pause_from, pause_to)
), range(copies) AS repeats(repeat);

-- One very long visit: ten rounds of forty events, ten of them measurements.
INSERT INTO steps
SELECT 'long', row_number() OVER (ORDER BY round, place, repeat), 100, type, page,
    round * 100 + place * 10 + repeat, event_name, pause_from, pause_to
FROM range(10) AS rounds(round), (
    SELECT row_number() OVER () AS place, * FROM (VALUES
    (1, 'pageview', 'outdoor', '', 20, 900),
    (1, 'performance', 'outdoor', '', 1, 3),
    (12, 'pageview', 'product', '', 2, 14),
    (3, 'custom_event', 'product', 'add_to_cart', 3, 9),
    (1, 'pageview', 'cart', '', 2, 8),
    (6, 'button_click', 'cart', 'Apply voucher', 1, 4),
    (2, 'input_change', 'cart', 'voucher', 2, 9),
    (1, 'custom_event', 'search', 'search', 4, 20),
    (1, 'outbound', 'product', '', 5, 40),
    (7, 'pageview', 'post', '', 8, 60),
    (1, 'copy', 'post', '', 3, 20),
    (2, 'error', 'product', 'TypeError', 1, 3),
    (1, 'form_submit', 'post', 'newsletter', 6, 30),
    (1, 'custom_event', 'post', 'newsletter', 1, 2)
    ) AS step(copies, type, page, event_name, pause_from, pause_to)
), range(copies) AS repeats(repeat);
