import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Histogram } from '@chat-cluster/engine';
import { metricsText } from './metrics-text.ts';
import { plantedWorker } from './planted-workers.ts';

test('one worker needs no label', () => {
  const lines = metricsText([plantedWorker()]).split('\n');
  for (const line of [
    '# HELP chatcluster_events_committed_total Events committed.',
    '# TYPE chatcluster_events_committed_total counter',
    'chatcluster_events_committed_total 9',
    'chatcluster_backlog_bytes 100',
    'chatcluster_entities_warmed_total 1',
    'chatcluster_entities_handed_over_total 1',
    'chatcluster_locality_ratio 1',
    'chatcluster_shard_silence_seconds_count 0',
    'process_resident_memory_bytes 1',
    'nodejs_memory_bytes{kind="heapUsed"} 3',
    'chatcluster_journal_delay_seconds_bucket{le="+Inf"} 0',
  ]) {
    assert.ok(lines.includes(line), line);
  }
});

test('several have theirs, each metric is described once, and the process that has none is theirs all', () => {
  const { routing } = plantedWorker();
  const own = {
    routing: { ...routing, answeredByHop: 40 },
    memory: { rss: 50, heapTotal: 51, heapUsed: 52, external: 53, arrayBuffers: 54 },
  };
  const text = metricsText([plantedWorker(), plantedWorker({ name: 'b', backlogBytes: 7 })], own);
  const lines = text.split('\n');
  for (const line of [
    'chatcluster_backlog_bytes{worker="a"} 100',
    'chatcluster_backlog_bytes{worker="b"} 7',
    'process_resident_memory_bytes 50',
    'chatcluster_questions_total{outcome="hop"} 40',
    'chatcluster_questions_total{outcome="hop",worker="b"} 4',
    'process_resident_memory_bytes{worker="b"} 1',
    'chatcluster_journal_delay_seconds_count{worker="b"} 0',
    'chatcluster_journal_delay_seconds_bucket{le="+Inf",worker="a"} 0',
  ]) {
    assert.ok(lines.includes(line), line);
  }
  assert.equal(text.match(/^# TYPE chatcluster_backlog_bytes /gm)?.length, 1);
});

test('what decisions are counted as is a label, written as the format wants it', () => {
  const counters = { ...plantedWorker().counters, labels: new Map([['a "b"\n\\c', 4]]) };
  assert.match(
    metricsText([plantedWorker({ counters })]),
    /^chatcluster_decisions_total\{kind="a \\"b\\"\\n\\\\c"\} 4$/m,
  );
});

test('a histogram is cumulative, in seconds', () => {
  const journalDelay = new Histogram();
  for (const ms of [1, 1, 3]) journalDelay.observe(ms);
  const text = metricsText([
    plantedWorker({ counters: { ...plantedWorker().counters, journalDelay } }),
  ]);
  assert.match(text, /^chatcluster_journal_delay_seconds_bucket\{le="0\.001"\} 2$/m);
  assert.match(text, /^chatcluster_journal_delay_seconds_bucket\{le="\+Inf"\} 3$/m);
  assert.match(text, /^chatcluster_journal_delay_seconds_sum 0\.005$/m);
});
