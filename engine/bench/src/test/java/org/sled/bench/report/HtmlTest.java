package org.sled.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class HtmlTest {
  @Test
  void escapesTextAndAttributes() {
    String markup =
        new Html()
            .open("p", "title", "\"a\" < 'b'", "class", null)
            .text("<script>alert(1)</script> & more")
            .close()
            .finish();
    assertEquals(
        "<p title=\"&quot;a&quot; &lt; &#39;b&#39;\">"
            + "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more</p>\n",
        markup);
  }

  @Test
  void replacesWhatMarkupCannotHold() {
    assertEquals("a\ufffdb", Html.escape("a\u0000b"));
    assertEquals("\ufffd[31m", Html.escape("\u001b[31m"), "a terminal's escape");
    assertEquals("\ufffd", Html.escape("\ud83d"), "half of a pair");
    assertEquals("\ufffd", Html.escape("\uffff"));
    assertEquals("\ud83d\ude00 tab\tline\n", Html.escape("\ud83d\ude00 tab\tline\n"));
  }

  @Test
  void refusesWhatIsNotClosed() {
    Html html = new Html().open("p").open("b").close();
    assertThrows(IllegalStateException.class, html::finish);
  }

  @Test
  void refusesAnAttributeWithoutAValue() {
    assertThrows(IllegalArgumentException.class, () -> new Html().leaf("hr", "class"));
  }

  @Test
  void refusesStylesThatNeedEscapes() {
    assertThrows(
        IllegalArgumentException.class,
        () -> new Html().style("a::before { content: '</style>' }"));
  }
}
