import type { ApiHandler } from './handler.ts';

/** Every API that this broker answers, by key. What is listed here is what ApiVersions tells clients. */
export const apiHandlers: readonly ApiHandler[] = [];
