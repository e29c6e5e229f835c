package org.tenantgate.provider;

import com.auth0.jwt.JWT;
import com.auth0.jwt.algorithms.Algorithm;
import com.auth0.jwt.exceptions.JWTVerificationException;
import com.auth0.jwt.interfaces.JWTVerifier;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import org.camunda.bpm.engine.ProcessEngine;
import org.camunda.bpm.engine.rest.security.auth.AuthenticationProvider;
import org.camunda.bpm.engine.rest.security.auth.AuthenticationResult;

/**
 * Checks signature, issuer, audience and expiry of a token; its {@code azp} is user and tenant. The key comes from a
 * file, so that no fetch is measured: {@code PROVIDER_KEY}, {@code PROVIDER_ISSUER}, {@code PROVIDER_AUDIENCE}.
 */
public class TokenProvider implements AuthenticationProvider {
  private final JWTVerifier verifier;

  public TokenProvider() throws Exception {
    String pem = Files.readString(Path.of(System.getenv("PROVIDER_KEY")));
    byte[] der = Base64.getMimeDecoder().decode(pem.replaceAll("-----[A-Z ]+-----", ""));
    var key = (RSAPublicKey) KeyFactory.getInstance("RSA").generatePublic(new X509EncodedKeySpec(der));
    verifier = JWT.require(Algorithm.RSA256(key, null))
        .withIssuer(System.getenv("PROVIDER_ISSUER"))
        .withAudience(System.getenv("PROVIDER_AUDIENCE"))
        .build();
  }

  @Override
  public AuthenticationResult extractAuthenticatedUser(HttpServletRequest request, ProcessEngine engine) {
    String header = request.getHeader("Authorization");
    if (header == null || !header.startsWith("Bearer ")) {
      return AuthenticationResult.unsuccessful();
    }
    try {
      String client = verifier.verify(header.substring("Bearer ".length())).getClaim("azp").asString();
      AuthenticationResult result = AuthenticationResult.successful(client);
      // Said here, so that the filter does not ask the database for them.
      result.setGroups(List.of());
      result.setTenants(List.of(client));
      return result;
    } catch (JWTVerificationException e) {
      return AuthenticationResult.unsuccessful();
    }
  }

  @Override
  public void augmentResponseByAuthenticationChallenge(HttpServletResponse response, ProcessEngine engine) {
    response.setHeader("WWW-Authenticate", "Bearer");
  }
}
