package org.sled.server.ingress;

import java.nio.charset.StandardCharsets;
import org.sled.net.protocol.Limits;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The chat template as WELCOME can carry it. Any thread. */
public final class SentTemplate {
  private static final Logger LOG = LoggerFactory.getLogger(SentTemplate.class);

  private SentTemplate() {}

  /**
   * The template itself, or, where it is too long for WELCOME, one in its place that refuses all
   * messages and says why: an empty one would tell devices that the target has none.
   */
  public static String of(String template) {
    int bytes = template.getBytes(StandardCharsets.UTF_8).length;
    if (bytes <= Limits.CHAT_TEMPLATE_BYTES) {
      return template;
    }
    LOG.warn(
        "the chat template has {} bytes, and a server can send {}: devices have to send raw text",
        bytes,
        Limits.CHAT_TEMPLATE_BYTES);
    return "{{ raise_exception('the chat template of the target has "
        + bytes
        + " bytes, and a server can send "
        + Limits.CHAT_TEMPLATE_BYTES
        + ": send raw text instead') }}";
  }
}
