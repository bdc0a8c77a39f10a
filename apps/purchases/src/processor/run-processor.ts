import { openJournal } from '@chat-cluster/app-chat-node';
import { boundHeap } from '@chat-cluster/app-chat-node/bound-heap';
import { runProgram } from '@chat-cluster/app-chat-node/program';
import { openKafkaLog } from '@chat-cluster/log-kafka';
import type { ProcessorSettings } from './configuration.ts';
import { LineWriter } from './line-writer.ts';
import { processorReport } from './processor-report.ts';
import { startProcessor } from './start-processor.ts';

/** `chatcluster purchases processor`: one node of the purchases, until it is stopped. Tells what it does in lines on standard output. */
export async function runProcessor(settings: ProcessorSettings): Promise<void> {
  boundHeap();
  const lines = new LineWriter((text) => process.stdout.write(text));
  const complaints = new LineWriter((text) => process.stderr.write(text));
  const endpoint = `127.0.0.1:${settings.nodePort}`;
  await runProgram(
    async (fail) => {
      const processor = await startProcessor({
        openLog: () =>
          openKafkaLog({
            bootstrap: settings.brokers,
            clientId: `chatcluster-purchases-${endpoint}`,
          }),
        journal: await openJournal(settings.journal, settings),
        groupId: settings.groupId,
        identity: { name: endpoint, endpoint },
        workerCount: settings.workerCount,
        partitionCount: settings.partitionCount,
        replicationFactor: settings.replicationFactor ?? -1,
        managementPort: settings.managementPort,
        frontEndPort: settings.frontEndPort,
        tell: settings.isQuiet ? undefined : lines.print,
        report: processorReport({ print: lines.print, complain: complaints.print }),
        onFatal: fail,
      });
      const { managementPort, frontEndPort } = processor;
      lines.print(
        `Ready: node ${endpoint}, management http://127.0.0.1:${managementPort}, gRPC front end 127.0.0.1:${frontEndPort}.`,
      );
      return {
        stop: async () => {
          await processor.stop();
          lines.flush();
        },
      };
    },
    (sentence) => {
      complaints.print(sentence);
      complaints.flush();
    },
  );
}
