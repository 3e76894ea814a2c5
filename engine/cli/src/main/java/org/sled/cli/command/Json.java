package org.sled.cli.command;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.sled.bench.report.FiniteNumbers;

/** Reports as one line of JSON. Any thread. */
public final class Json {
  private static final ObjectMapper MAPPER = new ObjectMapper().registerModule(new FiniteNumbers());

  private Json() {}

  public static String line(Object report) {
    try {
      return MAPPER.writeValueAsString(report);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a report that is no JSON", e);
    }
  }
}
