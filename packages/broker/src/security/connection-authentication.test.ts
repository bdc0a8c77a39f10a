import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { ManualTimers } from '@chat-cluster/kernel';
import { ErrorCode } from '../wire/error-codes.ts';
import { MalformedMessage } from '../wire/malformed-message.ts';
import { apiVersions, metadata, saslAuthenticate, saslHandshake } from '../wire/messages/index.ts';
import { ConnectionAuthentication } from './connection-authentication.ts';
import { failed, NO_BYTES, type SaslMechanism, type SaslStep } from './sasl-mechanism.ts';

const AUTHENTICATION_MS = 30_000;
const MAX_REAUTH_MS = 60_000;
const FAILURE_DELAY_MS = 100;

/** A mechanism that does what it is told: `more`, `wrong`, `slow`, or to know the client by the name said. */
function obedient(name: SaslMechanism['name'], expiresAtMs: () => number | null): SaslMechanism {
  const next = (message: Uint8Array): SaslStep | Promise<SaslStep> => {
    const text = Buffer.from(message).toString();
    if (text === 'more') return { kind: 'challenge', message: Buffer.from('go on') };
    if (text === 'wrong') return failed();
    if (text === 'slow') return new Promise(() => {});
    return { kind: 'done', message: NO_BYTES, user: text, expiresAtMs: expiresAtMs() };
  };
  return { name, begin: () => ({ next }) };
}

class Scene {
  readonly timers = new ManualTimers();
  readonly authentication: ConnectionAuthentication;
  isTimedOut = false;

  constructor({
    connectionsMaxReauthMs = null,
    expiresInMs = null,
  }: { connectionsMaxReauthMs?: number | null; expiresInMs?: number | null } = {}) {
    const { timers } = this;
    const expiresAtMs = () => (expiresInMs === null ? null : timers.clock.wallMs() + expiresInMs);
    const mechanisms = new Map(
      (['PLAIN', 'OAUTHBEARER'] as const).map((name) => [name, obedient(name, expiresAtMs)]),
    );
    this.authentication = new ConnectionAuthentication({
      ...{ sasl: { mechanisms, connectionsMaxReauthMs }, principal: 'User:nobody' },
      ...{ clock: timers.clock, timers, authenticationMs: AUTHENTICATION_MS },
      onTimeout: () => (this.isTimedOut = true),
    });
  }

  /** Asks as the dispatcher does; gives the answer, and null when the request is not admitted. */
  async ask<Answer>(apiKey: number, serve: () => Answer): Promise<Awaited<Answer> | null> {
    try {
      this.authentication.admit(apiKey);
    } catch (error) {
      assert.ok(error instanceof MalformedMessage);
      return null;
    }
    const answer = serve();
    this.timers.advance(FAILURE_DELAY_MS);
    return await answer;
  }

  handshake(mechanism = 'PLAIN', isRaw = false) {
    const { authentication } = this;
    return this.ask(saslHandshake.key, () => authentication.handshake(mechanism, { isRaw }));
  }

  authenticate(message: string) {
    const { authentication } = this;
    return this.ask(saslAuthenticate.key, () => authentication.authenticate(Buffer.from(message)));
  }

  other(apiKey: number) {
    return this.ask(apiKey, () => 'served');
  }
}

const requests = {
  ApiVersions: (scene: Scene) => scene.other(apiVersions.key),
  'any other request': (scene: Scene) => scene.other(metadata.key),
  SaslHandshake: (scene: Scene) => scene.handshake(),
  'SaslHandshake for what is not offered': (scene: Scene) => scene.handshake('SCRAM-SHA-256'),
  'SaslHandshake for another mechanism': (scene: Scene) => scene.handshake('OAUTHBEARER'),
  'SaslAuthenticate with a message before the last': (scene: Scene) => scene.authenticate('more'),
  'SaslAuthenticate with the last message': (scene: Scene) => scene.authenticate('alice'),
  'SaslAuthenticate with another name': (scene: Scene) => scene.authenticate('bob'),
  'SaslAuthenticate with a wrong message': (scene: Scene) => scene.authenticate('wrong'),
  'end of the time to authenticate': async (scene: Scene) => {
    scene.timers.advance(AUTHENTICATION_MS);
    await Promise.resolve();
    return scene.isTimedOut ? null : 'served';
  },
};

const scenes = {
  handshake: () => new Scene(),
  exchange: () => sceneAfter(['PLAIN']),
  authenticated: () => sceneAfter(['PLAIN', 'alice']),
  session: () => sessionScene(),
  'ended session': async () => {
    const scene = await sessionScene();
    scene.timers.advance(MAX_REAUTH_MS + 1);
    return scene;
  },
  're-authentication': async () => {
    const scene = await sessionScene();
    await scene.handshake();
    return scene;
  },
  failed: () => sceneAfter(['SCRAM-SHA-256']),
} satisfies Record<string, () => Scene | Promise<Scene>>;

function sessionScene(): Promise<Scene> {
  return sceneAfter(['PLAIN', 'alice'], new Scene({ connectionsMaxReauthMs: MAX_REAUTH_MS }));
}

async function sceneAfter([mechanism, message]: string[], scene = new Scene()): Promise<Scene> {
  await scene.handshake(mechanism);
  if (message !== undefined) await scene.authenticate(message);
  return scene;
}

/** `answer`, `> phase` if it is another one. */
async function outcome(scene: Scene, request: (scene: Scene) => Promise<unknown>): Promise<string> {
  const before = scene.authentication.phaseName;
  const answer = await request(scene);
  const after = scene.authentication.phaseName;
  return [nameOf(answer), after === before ? '' : `> ${after}`].join(' ').trim();
}

function nameOf(answer: unknown): string {
  if (answer === null) return 'closed';
  if (typeof answer === 'string') return answer;
  assert.ok(typeof answer === 'object' && 'errorCode' in answer);
  const named = Object.entries(ErrorCode).find(([, code]) => code === answer.errorCode);
  return named?.[0] ?? 'unknown';
}

/** The table under "Requests in each phase" in docs/security.md. */
function documentedTable(): Map<string, Map<string, string>> {
  const document = readFileSync(new URL('../../docs/security.md', import.meta.url), 'utf8');
  const section = document.split('## Requests in each phase')[1]?.split('\n## ')[0] ?? '';
  const [head = [], , ...rows] = section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.split('|').slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()));
  const byPhase = (cells: string[]) =>
    new Map(cells.map((cell, index) => [head[index] ?? '', cell]));
  return new Map(rows.map((cells) => [cells[0] ?? '', byPhase(cells)]));
}

describe('a connection answers as its table says', () => {
  const expected = documentedTable();
  assert.deepEqual([...expected.keys()], Object.keys(requests));
  for (const [name, request] of Object.entries(requests)) {
    for (const [sceneName, scene] of Object.entries(scenes)) {
      test(`${name}, in ${sceneName}`, async () => {
        assert.equal(await outcome(await scene(), request), expected.get(name)?.get(sceneName));
      });
    }
  }
});

describe('a client', () => {
  test('has its name once it has authenticated, and keeps it while it does so again', async () => {
    const scene = new Scene({ connectionsMaxReauthMs: MAX_REAUTH_MS });
    const { authentication } = scene;
    assert.equal(authentication.principal, 'User:ANONYMOUS');
    await scene.handshake();
    await scene.authenticate('more');
    assert.equal(authentication.principal, 'User:ANONYMOUS');
    assert.equal(authentication.isAuthenticated, false);
    const granted = await scene.authenticate('alice');
    assert.equal(granted?.sessionLifetimeMs, MAX_REAUTH_MS);
    await scene.handshake();
    assert.equal(authentication.principal, 'User:alice');
    assert.equal(authentication.isAuthenticated, true);
    assert.equal(await scene.other(metadata.key), 'served');
    scene.timers.advance(MAX_REAUTH_MS + 1);
    assert.equal(await scene.other(metadata.key), null);
  });

  test('of a listener without SASL is who the listener says', async () => {
    const timers = new ManualTimers();
    const authentication = new ConnectionAuthentication({
      ...{ sasl: null, principal: 'User:CN=alice', clock: timers.clock, timers },
      ...{ authenticationMs: AUTHENTICATION_MS, onTimeout: () => assert.fail() },
    });
    timers.advance(AUTHENTICATION_MS);
    assert.equal(authentication.principal, 'User:CN=alice');
    const answer = await authentication.handshake('PLAIN', { isRaw: false });
    assert.equal(answer.errorCode, ErrorCode.ILLEGAL_SASL_STATE);
    assert.equal(authentication.phaseName, 'authenticated');
  });

  test('is bound by the earlier of its expiry and the longest session', async () => {
    for (const [connectionsMaxReauthMs, expiresInMs, sessionLifetimeMs] of [
      [null, null, 0],
      [60_000, null, 60_000],
      [null, 50_000, 50_000],
      [60_000, 50_000, 50_000],
      [60_000, 70_000, 60_000],
      [null, -1, 1],
    ] as const) {
      const scene = new Scene({ connectionsMaxReauthMs, expiresInMs });
      await scene.handshake();
      const granted = await scene.authenticate('alice');
      assert.equal(granted?.sessionLifetimeMs, sessionLifetimeMs);
    }
  });

  test('authenticates again at most once a second', async () => {
    const scene = await sessionScene();
    assert.equal((await scene.handshake())?.errorCode, ErrorCode.NONE);
    assert.equal((await scene.authenticate('alice'))?.errorCode, ErrorCode.NONE);
    assert.equal((await scene.handshake())?.errorCode, ErrorCode.ILLEGAL_SASL_STATE);
    scene.timers.advance(1_000);
    assert.equal((await scene.handshake())?.errorCode, ErrorCode.NONE);
  });

  test('hears of a failure after a while, and nothing of whether the user exists', async () => {
    const { authentication, timers } = await sceneAfter(['PLAIN']);
    let answered: unknown;
    const answer = authentication.authenticate(Buffer.from('wrong'));
    assert.ok(answer instanceof Promise);
    void answer.then((given) => (answered = given));
    timers.advance(FAILURE_DELAY_MS - 1);
    await new Promise(setImmediate);
    assert.equal(answered, undefined);
    timers.advance(1);
    assert.equal(
      (await answer).errorMessage,
      'Authentication failed during authentication due to invalid credentials with SASL mechanism PLAIN',
    );
  });

  test('is not heard while its last message is looked at', async () => {
    const scene = await sceneAfter(['PLAIN']);
    void scene.authentication.authenticate(Buffer.from('slow'));
    assert.equal(await scene.authenticate('alice'), null);
    assert.equal(await scene.handshake(), null);
  });

  test('has the time anew to authenticate again', async () => {
    const scene = await sessionScene();
    scene.timers.advance(AUTHENTICATION_MS);
    assert.equal(scene.isTimedOut, false);
    await scene.handshake();
    scene.timers.advance(AUTHENTICATION_MS - FAILURE_DELAY_MS - 1);
    assert.equal(scene.isTimedOut, false);
    scene.timers.advance(1);
    assert.equal(scene.isTimedOut, true);
  });

  test('that went away is not closed for its time', async () => {
    const scene = await sceneAfter(['PLAIN']);
    scene.authentication.close();
    scene.timers.advance(AUTHENTICATION_MS);
    assert.equal(scene.isTimedOut, false);
  });
});
