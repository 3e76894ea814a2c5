/**
 * Joules used over an interval, from the machine's own meters, each with its source named.
 *
 * <pre>
 *   try (EnergyMeters meters = EnergyMeters.discover();
 *       EnergySession session = EnergySession.start(meters)) {
 *     …
 *     EnergyReport report = session.stop();
 *   }
 * </pre>
 *
 * <p>{@link org.sled.bench.energy.EnergyMeters} finds what is there: RAPL zones, hwmon sensors, the
 * Raspberry Pi 5's PMIC, NVIDIA GPUs. {@link org.sled.bench.energy.EnergySession} reads them from
 * start to stop. Energy counters are subtracted; power is sampled and integrated, and the report
 * says which of both it was.
 *
 * <p><b>Two rules.</b> What cannot be measured is "unavailable", with the reason, and never 0. The
 * total counts nothing twice: {@link org.sled.bench.energy.MeterScope} says what a meter's joules
 * may be added to, and the report names what the total covers.
 *
 * <p><b>Threads.</b> Each session has one daemon thread that reads the meters; everything public
 * may be used by any thread.
 */
package org.sled.bench.energy;
