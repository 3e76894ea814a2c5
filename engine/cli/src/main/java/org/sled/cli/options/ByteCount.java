package org.sled.cli.options;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Memory, as people write it: 512M, 4G, or bytes. */
public final class ByteCount implements ITypeConverter<Long> {
  private static final Pattern FORM = Pattern.compile("([0-9]{1,12})([kmgt]?)i?b?");
  private static final int BITS_PER_UNIT = 10;

  @Override
  public Long convert(String value) {
    Matcher matcher = FORM.matcher(value.toLowerCase(Locale.ROOT));
    if (!matcher.matches()) {
      throw new TypeConversionException("'" + value + "' is no size; write 512M, 4G or 0");
    }
    int unit = " kmgt".indexOf(matcher.group(2).isEmpty() ? " " : matcher.group(2));
    long count = Long.parseLong(matcher.group(1));
    if (count > Long.MAX_VALUE >> (unit * BITS_PER_UNIT)) {
      throw new TypeConversionException("'" + value + "' is more than there is");
    }
    return count << (unit * BITS_PER_UNIT);
  }
}
