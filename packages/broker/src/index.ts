export { BROKER_DEFAULTS, type BrokerLimits } from './broker-options.ts';
export { BrokerStartError, type BrokerStartErrorCode } from './broker-start-error.ts';
export type {
  ListenerSecurity,
  OauthBearerOptions,
  SaslMechanismName,
  SaslOptions,
  TlsOptions,
  Users,
} from './security/listener-security.ts';
export type { ListenerAddress } from './server/listener.ts';
export {
  startBroker,
  type Broker,
  type BrokerListener,
  type BrokerOptions,
  type BrokerSurroundings,
} from './start-broker.ts';
export { startBrokerThread } from './start-broker-thread.ts';
export type { FlushPolicy } from './write-ahead-log/flush-policy.ts';
