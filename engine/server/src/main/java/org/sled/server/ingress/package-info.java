/**
 * What comes from the network, on its event loops: frames find their session, prompts are put
 * together.
 */
package org.sled.server.ingress;
