import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { nextAttendance, type AttendanceEvent, type AttendanceState } from './attendance.ts';

const events: readonly AttendanceEvent[] = [
  'confirmed',
  'not-here',
  'stream-broke',
  'connected',
  'refused',
  'unclear',
];

function after(...happened: readonly AttendanceEvent[]): AttendanceState {
  return happened.reduce<AttendanceState>(nextAttendance, 'unconfirmed');
}

suite('a member', () => {
  const stories: readonly (readonly [string, readonly AttendanceEvent[], AttendanceState])[] = [
    ['that was killed is gone', ['connected', 'confirmed', 'stream-broke', 'refused'], 'gone'],
    [
      'that takes a connection while it dies is gone when it refuses the next one',
      ['confirmed', 'stream-broke', 'connected', 'stream-broke', 'refused'],
      'gone',
    ],
    [
      'that was never confirmed is not',
      ['refused', 'connected', 'stream-broke', 'refused'],
      'unconfirmed',
    ],
    [
      'whose stream was reset, and that answers again, is not',
      ['confirmed', 'stream-broke', 'connected', 'confirmed'],
      'confirmed',
    ],
    [
      'that is paused, so that a connection is taken and nothing said, is not',
      ['confirmed', 'stream-broke', 'connected', 'unclear', 'refused'],
      'unconfirmed',
    ],
    [
      'that cannot be reached is not, also when it refuses later',
      ['confirmed', 'stream-broke', 'unclear', 'refused'],
      'unconfirmed',
    ],
    [
      'whose endpoint another process has is not, also when that one dies',
      ['confirmed', 'stream-broke', 'connected', 'not-here', 'stream-broke', 'refused'],
      'unconfirmed',
    ],
    [
      'whose stream stands is not, whatever a connection beside it shows',
      ['confirmed', 'refused'],
      'confirmed',
    ],
  ];
  for (const [name, happened, state] of stories) {
    test(name, () => assert.equal(after(...happened), state));
  }

  test('is gone by no other way than confirmed, broken, refused', () => {
    const states: readonly AttendanceState[] = ['unconfirmed', 'confirmed', 'broken'];
    const ways = states.flatMap((state) =>
      events
        .filter((event) => nextAttendance(state, event) === 'gone')
        .map((event) => `${state}, ${event}`),
    );
    assert.deepEqual(ways, ['broken, refused']);
    const toBroken = states.flatMap((state) =>
      events
        .filter((event) => nextAttendance(state, event) === 'broken')
        .map((event) => `${state}, ${event}`),
    );
    assert.deepEqual(toBroken, [
      'confirmed, stream-broke',
      'broken, stream-broke',
      'broken, connected',
    ]);
  });
});
