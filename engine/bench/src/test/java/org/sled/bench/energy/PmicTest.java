package org.sled.bench.energy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import org.junit.jupiter.api.Test;

/** What {@code vcgencmd pmic_read_adc} may say, and running a command at all. */
final class PmicTest {
  private static String failure(String output) {
    return assertThrows(IOException.class, () -> Pmic.watts(output)).getMessage();
  }

  @Test
  void voltagesWithoutACurrentAreNoRails() throws IOException {
    assertEquals(
        0.5 * 0.8,
        Pmic.watts("A_A current(0)=0.5A\n A_V volt(8)=0.8V\nEXT5V_V volt(24)=5.1V\n"),
        1e-12);
  }

  @Test
  void aCurrentWithoutAVoltageIsNotLeftOut() {
    assertEquals(
        "rail B has no voltage",
        failure("A_A current(0)=0.5A\nA_V volt(8)=0.8V\nB_A current(1)=0.1A\n"));
  }

  @Test
  void aBoardWithoutThePmicSaysWhatItAnswers() {
    String failure = failure("error=1 error_msg=\"Command not registered\"\n");
    assertTrue(failure.contains("Command not registered"), failure);
    assertTrue(failure("").contains("no rails"));
  }

  @Test
  void commandsGiveTheirOutputOrAReason() throws IOException {
    assertEquals("A_V=1V", TextSource.ofCommand("echo", "A_V=1V").read());
    String failed =
        assertThrows(
                IOException.class,
                () -> TextSource.ofCommand("sh", "-c", "echo no /dev/vcio; exit 3").read())
            .getMessage();
    assertEquals("sh failed (3): no /dev/vcio", failed);
    assertThrows(IOException.class, () -> TextSource.ofCommand("sled-no-such-command").read());
  }
}
