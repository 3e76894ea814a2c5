/* Compiled into ggml-cpu.c before its first line (-include, see native/CMakeLists.txt): how a compute thread waits at a
 * barrier.
 *
 * ggml's threads meet at a barrier after each of the some hundred operations of a pass, and whoever comes first spins
 * until the last is there. That is right while each thread has a core of its own: a barrier is passed within SLED_SPIN_NS
 * then. Two things may be in the way:
 *
 *   - Two compute threads share a core. Linux likes to wake a thread where the one that woke it runs, and leaves both there
 *     for many milliseconds although another core is idle. So a thread that waits where another one has just waited moves.
 *     (Demo target, two cores, five rows after 20 ms without work: 14 ms before, 2 ms since.)
 *   - Another program has the core of one of them, and keeps it for a time slice, milliseconds. Meanwhile the others would burn
 *     their own slices, so that the scheduler takes the core from them next, and a pass would take seconds. So they sleep in
 *     short naps: a thread that sleeps gets its core back as soon as it wakes up, because it has used less than its share.
 *
 * ggml_thread_cpu_relax() is what both of ggml's waiting loops call. The macros below turn its definition into one of
 * sled_spin_hint() and its calls into sled_wait(n_passed): in ggml_barrier() n_passed is its local variable, the number of
 * the barrier; elsewhere it is the constant below, and nothing changes. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#pragma once

#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define SLED_SPIN_NS 60000
#define SLED_NAP_NS 20000
#define SLED_MOVE_NS 10000000 /* between two moves of a thread */

static const int n_passed = INT32_MIN; /* no barrier */

static inline int64_t sled_now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Moves the calling thread to another core if the last one that waited, another thread, did so on this core. */
static void sled_leave_shared_core(int64_t now_ns) {
  static _Atomic uint64_t last_waiter = UINT64_MAX; /* core and thread, half each */
  static _Thread_local uint32_t self;
  static _Thread_local int64_t moved_ns;
  const int core = sched_getcpu();
  if (self == 0) {
    self = (uint32_t)gettid();
  }
  const uint64_t last = atomic_exchange(&last_waiter, (uint64_t)core << 32 | self);
  cpu_set_t allowed;
  if (core < 0 || last >> 32 != (uint64_t)core || (uint32_t)last == self || now_ns - moved_ns < SLED_MOVE_NS ||
      sched_getaffinity(0, sizeof(allowed), &allowed) != 0) {
    return;
  }
  moved_ns = now_ns;
  cpu_set_t others = allowed;
  CPU_CLR(core, &others);
  if (CPU_COUNT(&others) > 0) { /* it is not pinned */
    atomic_store(&last_waiter, UINT64_MAX); /* or the other one would move as well */
    sched_setaffinity(0, sizeof(others), &others);
    sched_setaffinity(0, sizeof(allowed), &allowed);
  }
}

static inline void sled_spin_hint(void);

static inline void sled_wait(int barrier) {
  static _Thread_local int waiting_at = INT32_MIN;
  static _Thread_local int64_t begun_ns;
  static _Thread_local int looked; /* at who else is on this core, at this barrier */
  static _Thread_local int prompt; /* wakes up when it asked to; by default Linux adds up to 50 us */
  sled_spin_hint();
  if (barrier == INT32_MIN) {
    return;
  }
  const int64_t now_ns = sled_now_ns();
  if (barrier != waiting_at) {
    waiting_at = barrier;
    begun_ns = now_ns;
    looked = 0;
  } else if (now_ns - begun_ns > SLED_SPIN_NS) {
    if (!looked) {
      looked = 1;
      sled_leave_shared_core(now_ns);
      return;
    }
    const struct timespec nap = {0, SLED_NAP_NS};
    if (!prompt) {
      prompt = prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL) == 0;
    }
    nanosleep(&nap, NULL);
  }
}

#define ggml_thread_cpu_relax(...) SLED_RELAX_##__VA_ARGS__
#define SLED_RELAX_void sled_spin_hint(void)
#define SLED_RELAX_ sled_wait(n_passed)
