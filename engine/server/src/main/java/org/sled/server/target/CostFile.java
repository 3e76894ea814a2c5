package org.sled.server.target;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.sled.core.cost.StepCost;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a server learnt about its steps, kept for its next start: one file for each model, thread
 * count and processor, by the numerics id. Losing it costs a few seconds.
 */
public final class CostFile {
  private static final Logger LOG = LoggerFactory.getLogger(CostFile.class);

  /** Names the order of the numbers; another one is not read. */
  private static final String FIRST_LINE = "sled step cost 2";

  private final Path file;

  private CostFile(Path file) {
    this.file = file;
  }

  /**
   * The file of a target; nothing is read yet.
   *
   * @param directory null: nothing is kept
   */
  public static CostFile of(Path directory, long numericsId) {
    return new CostFile(
        directory == null
            ? null
            : directory.resolve(String.format("step-cost-%016x.txt", numericsId)));
  }

  /** Takes over what is in the file; false if there is none, or none that can be used. */
  public boolean load(StepCost cost) {
    if (file == null || !Files.isReadable(file)) {
      return false;
    }
    try {
      List<String> lines = Files.readAllLines(file);
      if (lines.size() == 2 && lines.get(0).equals(FIRST_LINE)) {
        double[] state =
            Arrays.stream(lines.get(1).split(" ", -1)).mapToDouble(Double::parseDouble).toArray();
        if (cost.restore(state)) {
          return true;
        }
      }
      LOG.warn("{} is no table of step costs; measured again", file);
    } catch (IOException | NumberFormatException e) {
      LOG.warn("{} cannot be read: {}; measured again", file, e.toString());
    }
    return false;
  }

  /** Writes what was learnt; a failure is logged, once is enough. */
  public void save(StepCost cost) {
    if (file == null || !cost.isKnown()) {
      return;
    }
    String numbers =
        Arrays.stream(cost.state()).mapToObj(Double::toString).collect(Collectors.joining(" "));
    try {
      Files.createDirectories(file.getParent());
      Path part = Files.createTempFile(file.getParent(), "step-cost", ".part");
      Files.writeString(part, FIRST_LINE + "\n" + numbers + "\n");
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      LOG.info("step costs are not kept for the next start: {}", e.toString());
    }
  }
}
