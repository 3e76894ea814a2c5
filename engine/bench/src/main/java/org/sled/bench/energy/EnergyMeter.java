package org.sled.bench.energy;

import java.io.IOException;

/** One meter of this machine, of one of two kinds. One thread at a time. */
public sealed interface EnergyMeter permits EnergyCounter, PowerSensor {
  /** Which meter this is, for people, with its place in the system. */
  String source();

  /** What its joules are spent on, for people: "CPU package 0", "GPU 0". */
  String covers();

  /** What its joules may be added to. */
  MeterScope scope();

  /**
   * Reads it once and forgets the value.
   *
   * @throws IOException if it cannot be read; the message says why and what would help
   */
  void probe() throws IOException;
}
