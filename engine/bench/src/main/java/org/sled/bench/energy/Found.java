package org.sled.bench.energy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.sled.bench.energy.EnergyReport.Unavailable;

/** Collects what discovery finds. One thread. */
final class Found {
  final List<EnergyMeter> meters = new ArrayList<>();
  final List<Unavailable> unavailable = new ArrayList<>();

  /** Takes a meter if it can be read now; otherwise it is unavailable, with the reason. */
  void add(EnergyMeter meter) {
    try {
      meter.probe();
      // A board's meter stands in for all others, so one that shows nothing must not be taken.
      if (meter.scope() == MeterScope.BOARD
          && meter instanceof PowerSensor sensor
          && sensor.reading().watts() <= 0) {
        missing(meter.source(), "it reads 0 W");
      } else {
        meters.add(meter);
      }
    } catch (IOException e) {
      missing(meter.source(), e.getMessage());
    }
  }

  void missing(String source, String reason) {
    unavailable.add(new Unavailable(source, reason));
  }
}
