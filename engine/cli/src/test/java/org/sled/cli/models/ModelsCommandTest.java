package org.sled.cli.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sled.cli.CliRun;
import org.sled.cli.command.ExitCodes;
import org.sled.cli.files.ModelFiles;

/** {@code sled models} with good files, bad files and folders. */
class ModelsCommandTest {
  @TempDir Path directory;

  @Test
  void aBadFileIsNamedWithItsReasonAndTheOthersAreDescribed() throws IOException {
    Path text = Files.writeString(directory.resolve("text.gguf"), "no model");
    Path missing = directory.resolve("missing.gguf");
    CliRun run = run(text.toString(), missing.toString(), "demo:target", "demo:draft");
    assertEquals(ExitCodes.FAILED, run.exitCode());
    String out = run.out();
    assertTrue(out.contains("cannot be used: '" + text + "' is not a GGUF file"), out);
    assertTrue(out.contains("no readable file " + missing), out);
    assertTrue(out.contains("  serve       exact"), out);
    assertTrue(out.contains("of K/V with the default context"), out);
    assertTrue(out.contains("shares the vocabulary of demo:target"), out);
  }

  @Test
  void aFolderStandsForItsModels() throws IOException {
    Path demo = new ModelFiles(CliRun.HOME).find(ModelFiles.DEMO_DRAFT);
    Files.copy(demo, directory.resolve("b.gguf"));
    // A whole model that is named like a part, and a part whose others are missing.
    Files.copy(demo, directory.resolve("a-00001-of-00003.gguf"));
    Files.writeString(directory.resolve("notes.txt"), "no model");
    CliRun run = run(directory.toString());
    run.expect(ExitCodes.DONE);
    assertTrue(run.out().startsWith(directory + "/a-00001-of-00003.gguf"), run.out());
    assertTrue(run.out().contains(directory + "/b.gguf"), run.out());
    assertFalse(run.out().contains("notes"), run.out());
    Path empty = Files.createDirectory(directory.resolve("empty"));
    CliRun none = run(empty.toString());
    none.expect(ExitCodes.FAILED);
    assertTrue(none.out().contains("has no *.gguf files"), none.out());
  }

  private static CliRun run(String... files) {
    String[] arguments = new String[files.length + 1];
    arguments[0] = "models";
    System.arraycopy(files, 0, arguments, 1, files.length);
    return CliRun.with(Map.of(), "", arguments);
  }
}
