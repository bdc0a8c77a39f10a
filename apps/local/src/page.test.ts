import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageHtml } from './page.ts';

const ports = { kafkaPort: 9092, httpPort: 8080, managementPort: 8551 };

test('the page says what listens where, and what to try', () => {
  const html = pageHtml({ ...ports, dataDir: './data' });
  for (const text of ['127.0.0.1:9092', '127.0.0.1:8080', '127.0.0.1:8551', './data']) {
    assert.ok(html.includes(text), text);
  }
  assert.match(html, /npx chatcluster chat latest abc123 -n 100</);
  assert.match(html, /kcat -P -b 127\.0\.0\.1:9092 -t instant_message_in -p 0/);
});

test('commands name the broker when its port is another one', () => {
  const html = pageHtml({ ...ports, kafkaPort: 19_092, dataDir: './data' });
  assert.match(html, /chat latest abc123 -n 100 --brokers 127\.0\.0\.1:19092</);
  assert.doesNotMatch(html, /:9092/);
});

test('a name from outside stays text', () => {
  const html = pageHtml({ ...ports, dataDir: '<script>alert("&")</script>' });
  assert.doesNotMatch(html, /<script>/);
  assert.match(html, /&#60;script&#62;alert\(&#34;&#38;&#34;\)&#60;\/script&#62;/);
});

test('the page loads nothing from anywhere', () => {
  const html = pageHtml({ ...ports, dataDir: './data' });
  assert.doesNotMatch(html, /<(script|link|img|iframe)|url\(|https?:/);
});
