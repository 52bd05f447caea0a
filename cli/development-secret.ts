/** Signs the tokens of the demo and of a developer's machine. Everybody can read it here, so production refuses it. */
export const DEVELOPMENT_SECRET = 'ironwallet-development-secret-not-for-production';
