package org.sled.bench.energy;

import java.io.IOException;

/**
 * A meter that knows only the power of the moment, or of the last moments. Its energy is an
 * estimate: what happens between two samples is not seen.
 *
 * @param reading reads the power
 */
public record PowerSensor(String source, String covers, MeterScope scope, Reading reading)
    implements EnergyMeter {

  /** Reads the power, in watts. */
  @FunctionalInterface
  public interface Reading {
    /**
     * The power now, in watts; may be negative by the sensor's offset.
     *
     * @throws IOException if it cannot be read; the message says why
     */
    double watts() throws IOException;
  }

  @Override
  public void probe() throws IOException {
    double unused = reading.watts();
  }
}
