package org.sled.bench.trace;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipException;

/**
 * Traces on disk: gzipped lines of JSON, the header first, then one line per generation. {@code
 * zcat} shows them, and any language reads them.
 */
public final class TraceFile {
  private static final ObjectMapper MAPPER =
      new ObjectMapper().setPropertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE);

  private TraceFile() {}

  /** Writes a trace; a file that exists is replaced when the new one is complete. */
  public static void write(Path file, DraftTrace trace) throws IOException {
    Path directory = file.toAbsolutePath().getParent();
    Files.createDirectories(directory);
    Path partial = directory.resolve(file.getFileName() + ".part");
    try {
      try (BufferedWriter out =
          new BufferedWriter(
              new OutputStreamWriter(
                  new GZIPOutputStream(Files.newOutputStream(partial)), StandardCharsets.UTF_8))) {
        out.write(MAPPER.writeValueAsString(trace.header()));
        out.write('\n');
        for (TraceStream stream : trace.streams()) {
          out.write(MAPPER.writeValueAsString(stream));
          out.write('\n');
        }
      }
      Files.move(partial, file, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(partial);
    }
  }

  /**
   * Reads a trace.
   *
   * @throws IOException if it cannot be read, or is none; the text says what is wrong
   */
  public static DraftTrace read(Path file) throws IOException {
    try (BufferedReader in =
        new BufferedReader(
            new InputStreamReader(
                new GZIPInputStream(Files.newInputStream(file)), StandardCharsets.UTF_8))) {
      String first = in.readLine();
      TraceHeader header = first == null ? null : MAPPER.readValue(first, TraceHeader.class);
      if (header == null
          || !TraceHeader.FORMAT.equals(header.format())
          || header.version() != TraceHeader.VERSION) {
        throw new IOException(file + " is no draft trace of version " + TraceHeader.VERSION);
      }
      List<TraceStream> streams = new ArrayList<>();
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        TraceStream stream = MAPPER.readValue(line, TraceStream.class);
        requireWhole(file, streams.size() + 2, stream);
        streams.add(stream);
      }
      if (streams.isEmpty()) {
        throw new IOException(file + " holds no generation");
      }
      return new DraftTrace(header, streams);
    } catch (ZipException e) {
      throw new IOException(file + " is no draft trace: " + e.getMessage(), e);
    } catch (JsonProcessingException e) {
      throw new IOException(file + " is damaged: " + e.getOriginalMessage(), e);
    }
  }

  private static void requireWhole(Path file, int line, TraceStream stream) throws IOException {
    int length = stream.tokens() == null ? -1 : stream.tokens().length;
    boolean whole =
        length > 0
            && stream.prompt() != null
            && stream.prompt().length > 0
            && stream.sampling() != null
            && stream.sampling().problem() == null
            && stream.drafts() != null
            && stream.drafts().length == length
            && stream.firstMicros() != null
            && stream.firstMicros().length == length
            && stream.nextMicros() != null
            && stream.nextMicros().length == length;
    if (!whole) {
      throw new IOException(file + " is damaged in line " + line + ": arrays do not fit");
    }
  }
}
