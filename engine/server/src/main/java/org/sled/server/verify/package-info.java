/** The verifier: the duty cycle that plans steps, computes them and replies. */
package org.sled.server.verify;
