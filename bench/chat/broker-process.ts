import { startBrokerThread } from '@chat-cluster/broker';

const [dataDir = '', port = ''] = process.argv.slice(2);
const broker = await startBrokerThread({
  dataDir,
  listeners: [{ host: '127.0.0.1', port: Number(port) }],
});
process.once('SIGTERM', () => void broker.close().then(() => process.exit(0)));
process.stdout.write('ready\n');
