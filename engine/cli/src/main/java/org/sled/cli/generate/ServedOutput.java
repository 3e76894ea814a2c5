package org.sled.cli.generate;

import java.util.List;
import org.sled.device.StreamEvent;

/** Where the events of a text go that comes from a server. One thread. */
interface ServedOutput {
  /** The next event. */
  void on(StreamEvent event);

  /** No more come. */
  void end();

  /** All verified text so far. */
  String text();

  /** The tokens as ids. */
  List<Integer> tokens();
}
