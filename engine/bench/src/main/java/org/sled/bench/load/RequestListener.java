package org.sled.bench.load;

import org.sled.device.GenerationListener;

/** What happens in a request, whoever serves it. One thread at a time. */
public interface RequestListener extends GenerationListener {}
