export type { Decoded } from '../decoded.ts';
export {
  PRICE_MAX,
  PRODUCT_BYTES_MAX,
  QUANTITY_MAX,
  TOTAL_PRICE_MAX,
  USER_ID_BYTES_MAX,
} from '../limits.ts';
export {
  UserService,
  type UserStatsRequest,
  UserStatsRequestSchema,
  type UserStatsResponse,
  UserStatsResponseSchema,
} from '../gen/user_service_pb.ts';
export * from './purchase-event.ts';
export * from './purchase-topics.ts';
export * from './user-id.ts';
export * from './user-purchase.ts';
