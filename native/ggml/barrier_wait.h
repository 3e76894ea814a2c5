/* Compiled into ggml-cpu.c before its first line (-include, see native/CMakeLists.txt): how long a compute thread
 * spins at a barrier.
 *
 * ggml's threads meet at a barrier after each of the some hundred operations of a pass, and whoever comes first spins
 * until the last is there. That is right while each thread has a core of its own. Beside other load it is not: a thread
 * that has lost its core to another process comes a time slice later, milliseconds, and meanwhile the others burn their
 * own slices, so that the scheduler takes the core from them next. A pass then takes seconds instead of milliseconds.
 * A thread that sleeps gets its core back as soon as it wakes up, because it has used less than its share.
 *
 * So the wait goes on as ggml has it for SLED_SPIN_NS, in which a barrier is passed where no thread has lost its core,
 * and then in short sleeps. ggml_thread_cpu_relax() is what both of ggml's waiting loops call. The macros below turn its
 * definition into one of sled_spin_hint() and its calls into sled_wait(n_passed): in ggml_barrier() n_passed is its
 * local variable, the number of the barrier; elsewhere it is the constant below, and nothing changes. */
#pragma once

#include <stdint.h>
#include <sys/prctl.h>
#include <time.h>

#define SLED_SPIN_NS 20000
#define SLED_SLEEP_NS 20000

static const int n_passed = INT32_MIN; /* no barrier */

static inline int64_t sled_now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline void sled_spin_hint(void);

static inline void sled_wait(int barrier) {
  static _Thread_local int waiting_at = INT32_MIN;
  static _Thread_local int64_t begun_ns;
  static _Thread_local int prompt; /* wakes up when it asked to; by default Linux adds up to 50 us */
  sled_spin_hint();
  if (barrier == INT32_MIN) {
    return;
  }
  const int64_t now_ns = sled_now_ns();
  if (barrier != waiting_at) {
    waiting_at = barrier;
    begun_ns = now_ns;
  } else if (now_ns - begun_ns > SLED_SPIN_NS) {
    const struct timespec nap = {0, SLED_SLEEP_NS};
    if (!prompt) {
      prompt = prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL) == 0;
    }
    nanosleep(&nap, NULL);
  }
}

#define ggml_thread_cpu_relax(...) SLED_RELAX_##__VA_ARGS__
#define SLED_RELAX_void sled_spin_hint(void)
#define SLED_RELAX_ sled_wait(n_passed)
