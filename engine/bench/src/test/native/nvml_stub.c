/*
 * NVML as the tests of org.sled.bench.energy need it: two GPUs, of which only the first has an
 * energy counter. Compiled by the tests themselves.
 *
 *   -DINIT_FAILS  nvmlInit_v2 says that no driver is loaded
 *   -DNO_ENERGY   nvmlDeviceGetTotalEnergyConsumption does not exist, as in old drivers
 */
#include <string.h>

enum { SUCCESS = 0, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, DRIVER_NOT_LOADED = 9, GPU_IS_LOST = 15 };
enum { GPU_COUNT = 2, STEP_MILLIJOULES = 1500, POWER_MILLIWATTS = 42000 };

typedef struct gpu {
  const char *name;
  int has_energy;
  int is_lost;
  unsigned long long millijoules;
} gpu;

/* More than 32 bits of millijoules, so that a truncated value is noticed. */
static gpu gpus[GPU_COUNT] = {{"Stub A100", 1, 0, 5000000000ull}, {"Stub P4", 0, 0, 0}};
static int open_count;

int stub_open_count(void) { return open_count; }

void stub_lose(unsigned index) { gpus[index].is_lost = 1; }

const char *nvmlErrorString(int code) {
  switch (code) {
    case NOT_SUPPORTED: return "Not Supported";
    case DRIVER_NOT_LOADED: return "Driver Not Loaded";
    case GPU_IS_LOST: return "GPU is lost";
    default: return "Unknown Error";
  }
}

int nvmlInit_v2(void) {
#ifdef INIT_FAILS
  return DRIVER_NOT_LOADED;
#else
  open_count++;
  return SUCCESS;
#endif
}

int nvmlShutdown(void) {
  open_count--;
  return SUCCESS;
}

int nvmlDeviceGetCount_v2(unsigned *count) {
  *count = GPU_COUNT;
  return SUCCESS;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, gpu **device) {
  if (index >= GPU_COUNT) {
    return INVALID_ARGUMENT;
  }
  *device = &gpus[index];
  return SUCCESS;
}

int nvmlDeviceGetName(const gpu *device, char *name, unsigned length) {
  strncpy(name, device->name, length);
  return SUCCESS;
}

#ifndef NO_ENERGY
int nvmlDeviceGetTotalEnergyConsumption(gpu *device, unsigned long long *millijoules) {
  if (device->is_lost) {
    return GPU_IS_LOST;
  }
  if (!device->has_energy) {
    return NOT_SUPPORTED;
  }
  *millijoules = device->millijoules;
  device->millijoules += STEP_MILLIJOULES; /* so much is used between two readings */
  return SUCCESS;
}
#endif

int nvmlDeviceGetPowerUsage(const gpu *device, unsigned *milliwatts) {
  if (device->is_lost) {
    return GPU_IS_LOST;
  }
  *milliwatts = POWER_MILLIWATTS;
  return SUCCESS;
}
