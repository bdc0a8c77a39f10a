/**
 * AlterConfigs, versions 0 to 2. Topics only; the broker's own configurations are read only.
 *
 * The request's list replaces everything that was set. Answers when that is durable.
 */
import { alterConfigs } from '../wire/messages/33-alter-configs.ts';
import { alterTopicConfigs } from './alter-topic-configs.ts';
import { on } from './handler.ts';

export const alterConfigsHandler = on(
  alterConfigs,
  async ({ resources, validateOnly }, context) => ({
    responses: await Promise.all(
      resources.map((resource) =>
        alterTopicConfigs(resource, {
          broker: context.broker,
          validateOnly,
          change: () =>
            Object.fromEntries(resource.configs.map(({ name, value }) => [name, value ?? ''])),
        }),
      ),
    ),
  }),
);
