/** A session as the server knows it, and what devices ask of it. */
package org.sled.server.session;
