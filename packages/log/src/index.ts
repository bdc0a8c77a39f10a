export * from './fetcher.ts';
export * from './group-member.ts';
export * from './home-partition.ts';
export * from './log-admin.ts';
export * from './log-error.ts';
export * from './log.ts';
export * from './record.ts';
export * from './transactional-producer.ts';
