package org.sled.bench.energy;

import java.io.IOException;

/**
 * A meter that counts energy since some moment of its own. The energy of an interval is exact to
 * one step of the counter, however seldom it is read, unless it wraps around more than once.
 *
 * @param rangeMicrojoules the counter starts again at 0 after this value; 0: it never does
 * @param reading reads the counter
 */
public record EnergyCounter(
    String source, String covers, MeterScope scope, long rangeMicrojoules, Reading reading)
    implements EnergyMeter {

  /** Reads the counter, in microjoules. */
  @FunctionalInterface
  public interface Reading {
    /**
     * The counter now, in microjoules, not negative.
     *
     * @throws IOException if it cannot be read; the message says why
     */
    long microjoules() throws IOException;
  }

  @Override
  public void probe() throws IOException {
    long unused = reading.microjoules();
  }
}
