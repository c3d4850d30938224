/** What Redis holds, to be looked through. */
import { Redis } from 'ioredis';

/** Every key with its value, as Redis would hand it to another one. */
export async function redisText(url: string): Promise<string> {
  const redis = new Redis({ path: url.replace('unix://', '') });
  try {
    const keys = await redis.keys('*');
    const values = await Promise.all(keys.map((key) => redis.dumpBuffer(key)));
    return [...keys, ...values.map((value) => String(value?.toString('latin1')))].join('\n');
  } finally {
    redis.disconnect();
  }
}
