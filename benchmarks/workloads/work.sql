-- Inserts, joins, aggregates, sorts, updates, text functions, over data that the statements make themselves.
-- `scale` has one row, n: thousands of rows. Run as: sqlite3 -cmd "CREATE TEMP TABLE scale AS SELECT 1 AS n" ... <work.sql
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE customer(id INTEGER PRIMARY KEY, name TEXT, city INTEGER);
CREATE TABLE purchase(id INTEGER PRIMARY KEY, customer INTEGER, item INTEGER, amount INTEGER, price REAL, note TEXT);
CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT UNIQUE, class INTEGER);

BEGIN;
WITH RECURSIVE k(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < 100 * (SELECT n FROM scale))
INSERT INTO customer SELECT i, printf('customer %06d', (i * 7919) % 100003), (i * 31) % 17 FROM k;
WITH RECURSIVE k(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < 200)
INSERT INTO item SELECT i, 'item ' || hex(i * 104729), i % 9 FROM k;
WITH RECURSIVE k(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < 1000 * (SELECT n FROM scale))
INSERT INTO purchase
SELECT i, 1 + (i * 2654435761) % (100 * (SELECT n FROM scale)), 1 + (i * 40503) % 200, 1 + i % 7,
       round(((i * 1103515245 + 12345) % 100000) / 100.0, 2), substr('the quick brown fox jumps', 1 + i % 20, 5)
FROM k;
COMMIT;
CREATE INDEX purchase_customer ON purchase(customer);

SELECT 'by city', city, count(*), sum(amount), printf('%.2f', sum(amount * price))
FROM purchase JOIN customer ON customer.id = purchase.customer GROUP BY city ORDER BY city;
SELECT 'by class', class, count(DISTINCT customer), printf('%.4f', avg(price)), max(purchase.id)
FROM purchase JOIN item ON item.id = purchase.item GROUP BY class ORDER BY 4 DESC, class;
SELECT 'best', customer.name, printf('%.2f', sum(price * amount)) AS total
FROM customer JOIN purchase ON purchase.customer = customer.id GROUP BY customer.id ORDER BY sum(price * amount) DESC, 2 LIMIT 5;
SELECT 'notes', note, count(*) FROM purchase WHERE note LIKE '%o%' GROUP BY note ORDER BY 3 DESC, note LIMIT 5;
SELECT 'none', count(*) FROM customer WHERE NOT EXISTS
  (SELECT 1 FROM purchase WHERE purchase.customer = customer.id AND amount > 6);
UPDATE purchase SET price = price * 1.07 WHERE item IN (SELECT id FROM item WHERE class = 3);
DELETE FROM purchase WHERE id % 13 = 0;
SELECT 'rank', id, printf('%.2f', price), rank() OVER (ORDER BY price DESC, id) FROM purchase ORDER BY price DESC, id LIMIT 5;
SELECT 'left', count(*), printf('%.2f', sum(price)), sum(length(note)), count(DISTINCT upper(note)) FROM purchase;
