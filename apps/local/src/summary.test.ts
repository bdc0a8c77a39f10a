import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { summary } from './summary.ts';

const settings = {
  dataDir: 'data',
  kafkaPort: 9092,
  httpPort: 8080,
  managementPort: 8551,
  partitionCount: 12,
};

test('the summary tells what listens where, where the data is, and three commands', () => {
  const lines = summary(settings).split('\n');
  for (const line of [
    '  Kafka clients   127.0.0.1:9092',
    '  Web page        http://127.0.0.1:8080',
    '  Management      http://127.0.0.1:8551/ready',
    `  Data            ${resolve('data')}`,
    '  npx chatcluster chat send abc123 --from bob --to ann "Hi there!"',
    '  npx chatcluster chat latest abc123 -n 100',
    '  npx chatcluster chat tail',
  ]) {
    assert.ok(lines.includes(line), line);
  }
});

test('commands name the broker where it is not where they look for it', () => {
  const commands = summary({ ...settings, kafkaPort: 9192 })
    .split('\n')
    .filter((line) => line.includes('npx'));
  assert.equal(commands.length, 3);
  for (const command of commands) assert.ok(command.endsWith(' --brokers 127.0.0.1:9192'), command);
});
