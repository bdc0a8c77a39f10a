import { ConnectError, type Interceptor } from '@connectrpc/connect';
import type { Report } from '../management/report.ts';

/**
 * What a service throws that is no ConnectError reaches its caller as "internal error", because it may say what is not for outsiders; here it reaches the log. The end of a call that its
 * caller has given up is no failure.
 */
export function reportFailures(report: Report): Interceptor {
  return (next) => async (request) => {
    const tell = (error: unknown): void => {
      if (error instanceof ConnectError || request.signal.aborted) return;
      report('error', 'A call failed in a way that its service does not know.', {
        method: `${request.service.typeName}/${request.method.name}`,
        error,
      });
    };
    try {
      const response = await next(request);
      if (!response.stream) return response;
      return { ...response, message: watched(response.message, tell) };
    } catch (error) {
      tell(error);
      throw error;
    }
  };
}

async function* watched<T>(
  messages: AsyncIterable<T>,
  tell: (error: unknown) => void,
): AsyncGenerator<T> {
  try {
    yield* messages;
  } catch (error) {
    tell(error);
    throw error;
  }
}
