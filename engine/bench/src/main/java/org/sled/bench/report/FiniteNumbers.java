package org.sled.bench.report;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.std.StdSerializer;
import java.io.IOException;

/**
 * Writes what is not a number, or infinite, as null: JSON has no such numbers, and Jackson would
 * write a text where readers expect a number.
 */
public final class FiniteNumbers extends SimpleModule {
  private static final long serialVersionUID = 1L;

  /** To be registered with a mapper. */
  public FiniteNumbers() {
    super("FiniteNumbers");
    addSerializer(Double.class, new Serializer());
    addSerializer(double.class, new Serializer());
  }

  private static final class Serializer extends StdSerializer<Double> {
    private static final long serialVersionUID = 1L;

    Serializer() {
      super(Double.class);
    }

    @Override
    public void serialize(Double value, JsonGenerator out, SerializerProvider provider)
        throws IOException {
      if (Double.isFinite(value)) {
        out.writeNumber(value.doubleValue());
      } else {
        out.writeNull();
      }
    }
  }
}
