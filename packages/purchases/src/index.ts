export type { UserState } from './initial-state.ts';
export { purchases } from './purchases.ts';
