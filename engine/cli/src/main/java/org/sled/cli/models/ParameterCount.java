package org.sled.cli.models;

import java.math.BigDecimal;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Parameters of a model, as people write and read them: 400M, 1.5B. */
final class ParameterCount implements ITypeConverter<Long> {
  private static final Pattern FORM = Pattern.compile("([0-9]{1,15}(?:\\.[0-9]{1,9})?)([kmbt]?)");
  private static final Map<String, Integer> ZEROS = Map.of("", 0, "k", 3, "m", 6, "b", 9, "t", 12);

  /** More than any model has; the sums of those who reckon with it stay far below 2^63. */
  private static final BigDecimal MOST = BigDecimal.TEN.pow(15);

  private static final double MILLION = 1e6;
  private static final double BILLION = 1e9;

  @Override
  public Long convert(String value) {
    Matcher matcher = FORM.matcher(value.toLowerCase(Locale.ROOT));
    if (!matcher.matches()) {
      throw new TypeConversionException(
          "'" + value + "' is no number of parameters; write 400M, 1.5B or 6033664");
    }
    BigDecimal count =
        new BigDecimal(matcher.group(1)).scaleByPowerOfTen(ZEROS.get(matcher.group(2)));
    if (count.stripTrailingZeros().scale() > 0 || count.compareTo(MOST) > 0) {
      throw new TypeConversionException(
          "'" + value + "' is no number of parameters: not whole, or too large");
    }
    return count.longValueExact();
  }

  /** Such as "397M". */
  static String words(long parameters) {
    return parameters < BILLION
        ? String.format(Locale.ROOT, "%.0fM", parameters / MILLION)
        : String.format(Locale.ROOT, "%.1fB", parameters / BILLION);
  }
}
