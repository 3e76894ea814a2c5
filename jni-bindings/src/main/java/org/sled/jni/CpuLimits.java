package org.sled.jni;

/**
 * What a process may compute with.
 *
 * @param cores that it may run on: its affinity mask
 * @param quotaMillicores what control groups (a container's limit, systemd's CPUQuota) let it have
 *     of them, in thousandths of a core; 0 for no limit
 * @param defaultThreads what 0 threads stand for: as many as both allow, at least 1
 */
public record CpuLimits(int cores, int quotaMillicores, int defaultThreads) {}
