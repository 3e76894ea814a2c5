package org.sled.bench.energy;

import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The power management chip of a Raspberry Pi 5, which the firmware reads for {@code vcgencmd
 * pmic_read_adc}. Each rail has two lines:
 *
 * <pre>
 *   VDD_CORE_A current(7)=3.44036000A
 *   VDD_CORE_V volt(15)=0.85000000V
 * </pre>
 *
 * <p>The sum over the rails is the power behind the chip: without the chip's own losses, and
 * without what hangs directly on the 5 V input, such as USB devices. EXT5V and BATT have no current
 * and are no rails in this sense.
 */
final class Pmic {
  static final String SOURCE = "Raspberry Pi PMIC (vcgencmd pmic_read_adc)";

  private static final Pattern LINE =
      Pattern.compile("\\s*(\\w+)_([AV])(?:\\s+\\w+\\(\\d+\\))?=(-?\\d+(?:\\.\\d+)?)[AV]\\s*");

  private static final int QUOTED_CHARS = 100;

  private Pmic() {}

  static void find(TextSource command, Found found) {
    found.add(
        new PowerSensor(
            SOURCE,
            "board behind the PMIC, without its losses and USB devices",
            MeterScope.COMPONENT,
            () -> watts(command.read())));
  }

  /**
   * The sum of volts times amperes.
   *
   * @throws IOException if there is no rail in it, or a rail has a current but no voltage, for then
   *     the sum would be too small
   */
  static double watts(String output) throws IOException {
    Map<String, Double> amperes = new TreeMap<>();
    Map<String, Double> volts = new TreeMap<>();
    for (String line : (Iterable<String>) output.lines()::iterator) {
      Matcher matcher = LINE.matcher(line);
      if (matcher.matches()) {
        (matcher.group(2).equals("A") ? amperes : volts)
            .put(matcher.group(1), Double.valueOf(matcher.group(3)));
      }
    }
    if (amperes.isEmpty()) {
      throw new IOException("no rails in what it says: '" + beginning(output) + "'");
    }
    double watts = 0;
    for (Map.Entry<String, Double> rail : amperes.entrySet()) {
      Double railVolts = volts.get(rail.getKey());
      if (railVolts == null) {
        throw new IOException("rail " + rail.getKey() + " has no voltage");
      }
      watts += railVolts * rail.getValue();
    }
    return watts;
  }

  private static String beginning(String output) {
    String first = output.strip().lines().findFirst().orElse("");
    return first.length() <= QUOTED_CHARS ? first : first.substring(0, QUOTED_CHARS) + "…";
  }
}
