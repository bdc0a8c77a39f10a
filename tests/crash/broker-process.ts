/** `node broker-process.ts DATA_DIR PORT`: the embedded broker alone, until it is killed or asked to stop. */
import { startBroker } from '@chat-cluster/broker';

const [dataDir = '', port = ''] = process.argv.slice(2);
const listeners = [{ host: '127.0.0.1', port: Number(port) }];
const broker = await startBroker({ dataDir, listeners });
process.once('SIGTERM', () => void broker.close());
process.on('disconnect', () => process.exit(1));
process.stdout.write('Listening.\n');
