import type { LocalSettings } from './configuration.ts';

/** What the page says; the ports are those that are listened on. */
export type PageContent = Pick<
  LocalSettings,
  'dataDir' | 'kafkaPort' | 'httpPort' | 'managementPort'
>;

/**
 * The page on the HTTP port: what is running, and how to send and read. One file without scripts;
 * everything that is not ours is escaped.
 */
export function pageHtml(content: PageContent): string {
  const { dataDir, kafkaPort, httpPort, managementPort } = content;
  const broker = `127.0.0.1:${kafkaPort}`;
  const option = kafkaPort === DEFAULT_KAFKA_PORT ? '' : ` --brokers ${broker}`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Chat Cluster</title>
<style>${STYLE}</style>
<main>
<h1>Chat Cluster</h1>
<p class="lead">It is running: a broker, a journal and one chat node, in one process.</p>

<h2>What listens where</h2>
<dl>
${entry('Kafka clients', broker)}
${entry('This page', `127.0.0.1:${httpPort}`)}
${entry('Operators and probes', `127.0.0.1:${managementPort}`)}
${entry('Data', dataDir)}
</dl>

<h2>Say something</h2>
${commands(
  `npx chatcluster chat send abc123 --from bob --to ann "Hi there!"${option}`,
  `npx chatcluster chat latest abc123 -n 100${option}`,
  `npx chatcluster chat tail${option}`,
)}
<p>A conversation begins with its first message; <code>abc123</code> is any name that you choose.
<code>npx chatcluster --help</code> explains the rest.</p>

<h2>The same with any Kafka client</h2>
<p>Shown with <code>kcat</code>. Send a message, and read it with its number:</p>
${commands(
  `echo '{"conversationKey":"abc123","sender":"bob","recipients":["ann"],"body":"Hi there!"}' \\\n  | kcat -P -b ${broker} -t instant_message_in -p 0`,
  `kcat -C -b ${broker} -t instant_message_out -e`,
)}
<p>Ask for the latest messages of a conversation, and read the answer:</p>
${commands(
  `echo '{"conversationKey":"abc123","numMsgs":100}' \\\n  | kcat -P -b ${broker} -t latest_messages_request -p 0`,
  `kcat -C -b ${broker} -t latest_messages_block -e`,
)}

<h2>If something does not come out</h2>
<p>What could not be read is in the topic <code>chat_dead_letter</code>, with a sentence that says why:</p>
${commands(`npx chatcluster dead-letters list${option}`)}
</main>
</html>
`;
}

const DEFAULT_KAFKA_PORT = 9092;

function entry(term: string, value: string): string {
  return `<dt>${escaped(term)}</dt><dd><code>${escaped(value)}</code></dd>`;
}

function commands(...lines: readonly string[]): string {
  return lines.map((line) => `<pre><code>${escaped(line)}</code></pre>`).join('\n');
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
}

/** Calm, and the same in the dark. */
const STYLE = `
:root {
  color-scheme: light dark;
  --ink: light-dark(#22262b, #dfe3e8);
  --quiet: light-dark(#5d6670, #98a2ad);
  --paper: light-dark(#fdfdfb, #17191c);
  --panel: light-dark(#f2f2ee, #212429);
  --line: light-dark(#dddcd5, #33383f);
}
* { box-sizing: border-box; }
body {
  margin: 0; padding: clamp(1.5rem, 6vw, 5rem) 1.25rem;
  background: var(--paper); color: var(--ink);
  font: 1.0625rem/1.6 system-ui, -apple-system, "Segoe UI", sans-serif;
}
main { max-width: 44rem; margin: 0 auto; }
h1 { margin: 0; font-size: 1.75rem; font-weight: 600; letter-spacing: -0.015em; }
h2 { margin: 2.75rem 0 0.75rem; font-size: 1.0625rem; font-weight: 600; }
.lead { margin: 0.5rem 0 0; color: var(--quiet); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.35rem 1.5rem; margin: 0; }
dt { color: var(--quiet); }
dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
code { font: 0.9rem/1.55 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
pre {
  margin: 0.5rem 0; padding: 0.65rem 0.9rem; overflow-x: auto;
  background: var(--panel); border: 1px solid var(--line); border-radius: 6px;
}
@media (max-width: 32rem) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: 0.6rem; } }
`;
