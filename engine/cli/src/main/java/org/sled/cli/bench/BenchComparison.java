package org.sled.cli.bench;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Locale;
import org.sled.bench.report.Comparison;
import org.sled.bench.report.Rounding;
import org.sled.cli.command.CommandContext;
import org.sled.cli.command.ExitCodes;

/** {@code sled bench --compare}: two results, side by side. */
final class BenchComparison {
  private final CommandContext context;

  BenchComparison(CommandContext context) {
    this.context = context;
  }

  int print(Path first, Path second) throws Exception {
    PrintStream out = context.out();
    Comparison comparison = Comparison.of(first, second);
    out.printf("%-28s %12s %12s %8s%n", "", "A", "B", "B / A");
    for (Comparison.Row row : comparison.rows()) {
      out.printf(
          Locale.ROOT,
          "%-28s %12.3f %12.3f %8s%n",
          row.name(),
          row.a(),
          row.b(),
          Rounding.text("%.3f", row.ratio()));
    }
    for (String difference : comparison.differences()) {
      out.println(difference);
    }
    out.flush();
    return ExitCodes.DONE;
  }
}
